// Files that tests write, read, and wait for. Waiting is on inotify, with an end: never a sleep.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::integration {

void write_file(const std::string& path, std::string_view content);
void make_directory(const std::string& path);
// Empty where there is none.
std::string read_file(const std::string& path);
// Regular files below `directory`, sorted.
std::vector<std::string> files_below(const std::string& directory);
std::vector<std::string> lines(std::string_view text);

// Until `done` says so of the file's content, asked after each change in the file's directory. False after half a minute.
bool wait_for_content(const std::string& path, const std::function<bool(const std::string&)>& done);
// Until `text` is in the file, as wait_for_content.
bool wait_for_text(const std::string& path, const std::string& text);
// Until there is something to read from `fd`, and takes it. Empty at the end of the file or after half a minute.
std::string wait_for_bytes(int fd);

}  // namespace sallyport::integration
