// What the reader of a provider makes of a text: where what it reads lies, or every message.
#pragma once

#include "store_reading.h"

namespace sallyport::rules::sample {

inline std::string outcome(StoreReader read, const std::string& key, const std::string& value) {
    StoreReading text(key, value);
    const auto provider = read(text.reading);
    const std::string messages = text.messages();
    if (provider && messages.empty()) return provider->describe();
    return provider ? "read, and: " + messages : messages;
}

}  // namespace sallyport::rules::sample
