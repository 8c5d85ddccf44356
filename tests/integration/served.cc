#include "served.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "base/check.h"
#include "files.h"

namespace sallyport::integration {
namespace {

std::string header(const std::string& head, const std::string& name) {
    for (const std::string& line : lines(head)) {
        if (line.size() <= name.size() || strncasecmp(line.c_str(), name.c_str(), name.size()) != 0) continue;
        std::string value = line.substr(name.size());
        while (!value.empty() && (value.front() == ' ' || value.front() == ':')) value.erase(0, 1);
        while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.pop_back();
        return value;
    }
    return {};
}

std::string without_quotes(std::string text) {
    std::erase(text, '"');
    return text;
}

}  // namespace

Served::Served(const std::string& file_text, const ServedOptions& options)
    : files_(World::get().outside() + "/" + World::get().fresh("served")), options_(options) {
    make_directory(files_);
    rewrite("policy.yaml", file_text);
    for (const auto& [name, text] : options_.files) rewrite(name, text);
    start();
}

Served::~Served() {
    if (!daemon_.is_running()) return;
    daemon_.signal(SIGTERM);
    daemon_.signal(SIGTERM);
    daemon_.wait();
}

void Served::start() {
    int ends[2];
    SALLYPORT_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    UniqueFd ready_reader(ends[0]), ready_writer(ends[1]);
    std::vector<std::string> argv = {SALLYPORT_PROGRAM, "serve", files_ + "/policy.yaml", "--runtime-dir", runtime(),
                                     "--state-dir", options_.keeps_state ? files_ + "/state" : "none",
                                     "--access-log", access_log_path(), "--ready-fd", std::to_string(ready_writer.get())};
    argv.insert(argv.end(), options_.options.begin(), options_.options.end());
    daemon_ = World::get().start({.argv = argv, .inherited = {ready_writer.get()}});
    ready_writer.reset();
    ready_ = wait_for_bytes(ready_reader.get()).starts_with("ready");
    if (ready_) return;
    daemon_.wait();
    if (!options_.may_be_refused) throw std::runtime_error("the deployment is not ready: " + messages());
}

void Served::kill_and_start_again() {
    daemon_.signal(SIGKILL);
    daemon_.wait();
    start();
}

void Served::rewrite(const std::string& name, const std::string& text) const {
    const std::string path = files_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    // As a careful editor does it: the daemon never sees half a file.
    write_file(path + ".new", text);
    std::filesystem::rename(path + ".new", path);
}

std::vector<LogLine> Served::access_log(std::size_t count) const {
    wait_for_content(access_log_path(), [&](const std::string& text) { return lines(text).size() >= count; });
    return parse_access_log(read_file(access_log_path()));
}

Answer Served::call(const std::string& method, const std::string& target, const std::string& body,
                    const std::vector<std::string>& fields) const {
    Spawn spawn{.argv = {"curl", "-sS", "--max-time", "50", "-i", "-X", method, "--unix-socket", socket()}, .input = body};
    if (!body.empty()) {
        for (const char* word : {"-H", "Content-Type: application/json", "--data-binary", "@-"}) spawn.argv.emplace_back(word);
    }
    for (const std::string& field : fields) {
        spawn.argv.emplace_back("-H");
        spawn.argv.push_back(field);
    }
    spawn.argv.push_back("http://localhost" + target);
    const Finished finished = finish(World::get().start(std::move(spawn)));
    EXPECT_EQ(finished.code, 0) << method << " " << target << ": " << finished.err << messages();
    const std::size_t end = finished.out.find("\r\n\r\n");
    if (end == std::string::npos) return {};
    const std::string head = finished.out.substr(0, end);
    Answer answer;
    answer.status = std::atoi(head.c_str() + head.find(' '));
    answer.etag = without_quotes(header(head, "etag"));
    answer.body = finished.out.substr(end + 4);
    return answer;
}

Finished Served::sallyport(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), SALLYPORT_PROGRAM);
    return finish(World::get().start({.argv = std::move(arguments)}));
}

Process Served::start_in(const std::string& sandbox, Spawn spawn) const {
    const UniqueFd netns(open((runtime() + "/" + sandbox + "/netns").c_str(), O_RDONLY | O_CLOEXEC));
    SALLYPORT_CHECK(netns);
    spawn.netns = netns.get();
    for (const std::string& line : lines(read_file(runtime() + "/" + sandbox + "/env"))) spawn.environment.push_back(line);
    return World::get().start(std::move(spawn));
}

Finished Served::run_in(const std::string& sandbox, const std::vector<std::string>& argv) const {
    return finish(start_in(sandbox, {.argv = argv}));
}

Finished Served::curl_in(const std::string& sandbox, const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"curl", "-sS", "--max-time", "50"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_in(sandbox, argv);
}

}  // namespace sallyport::integration
