// Changes values of fields in place, in their order.
#pragma once

#include <utility>

#include "http/header_map.h"
#include "rules/basic_value.h"

namespace sallyport::rules {

enum class FieldFate { keep, replace, remove };

// `judge(field, value)` says what becomes of each field, and leaves in `value` what replaces its own.
template <class Judge>
void rewrite_fields(http::HeaderMap& headers, Judge judge) {
    http::HeaderMap rewritten;
    bool is_changed = false;
    for (const http::HeaderMap::Field field : headers) {
        WipedBuffer value;
        const FieldFate fate = judge(field, value);
        is_changed = is_changed || fate != FieldFate::keep;
        if (fate != FieldFate::remove) rewritten.add(field.name, fate == FieldFate::keep ? field.value : value.view());
    }
    // The one that is dropped may hold what another step has put in.
    if (is_changed) std::swap(headers, rewritten);
    rewritten.wipe();
}

}  // namespace sallyport::rules
