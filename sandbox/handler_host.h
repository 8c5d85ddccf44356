// The program that runs handlers (handler_host.mjs), as text that the build put into ours.
#pragma once

#include <string_view>

namespace sallyport::sandbox {

std::string_view handler_host_program();

}  // namespace sallyport::sandbox
