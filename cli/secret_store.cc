#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/random.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "secrets/encrypted_file.h"
#include "secrets/encrypted_provider.h"
#include "secrets/secret_file.h"
#include "secrets/value_check.h"

namespace sallyport::cli {
namespace {

tl::unexpected<Error> failed(const std::string& path) {
    return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno));
}

// What is typed is not shown, while this lives.
class NoEcho {
public:
    NoEcho() {
        is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        if (!is_terminal_) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        std::fputs("value: ", stderr);
    }
    ~NoEcho() {
        if (!is_terminal_) return;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        std::fputc('\n', stderr);
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;
    // A line is the whole of it there.
    bool is_terminal() const { return is_terminal_; }

private:
    bool is_terminal_ = false;
    termios before_{};
};

Result<SecretString> read_value() {
    const NoEcho quiet;
    secrets::WipedBuffer buffer;
    buffer.reserve(secrets::kSecretBytesMax + 2);
    while (buffer.size() < secrets::kSecretBytesMax + 2) {
        const std::size_t room = secrets::kSecretBytesMax + 2 - buffer.size();
        const ssize_t got = ::read(STDIN_FILENO, buffer.reserve(room), room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("standard input");
        if (got == 0) break;
        buffer.commit(static_cast<std::size_t>(got));
        if (quiet.is_terminal() && buffer.view().ends_with('\n')) break;
    }
    return secrets::check_value(buffer.view());
}

bool exists(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
}

Result<secrets::EncryptedFile> open_store(const SecretStoreOptions& options, const secrets::EncryptionKey& key, Random& random) {
    // Only a first value makes a file.
    if (options.act == SecretStoreOptions::Act::set && !exists(options.store_file)) return secrets::EncryptedFile::create(key, random);
    const auto bytes = secrets::read_secret_file(options.store_file, secrets::kEncryptedFileBytesMax);
    if (!bytes) return failure(bytes.error());
    auto file = secrets::EncryptedFile::open(bytes->view(), key);
    if (!file) return failure(file.error().code, options.store_file + ": " + file.error().detail);
    return file;
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed(path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// The whole file or none: a daemon that reads meanwhile has the old one.
Result<void> write_store(const std::string& path, std::string_view text) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());
    UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return failed(beside);
    auto written = write_all(fd.get(), text, beside);
    if (written && (::fsync(fd.get()) != 0 || ::rename(beside.c_str(), path.c_str()) != 0)) written = failed(beside);
    if (!written) ::unlink(beside.c_str());
    return written;
}

// One who writes at a time: of two, the second sees what the first wrote.
Result<UniqueFd> lock_store(const std::string& path) {
    const std::string lock = path + ".lock";
    UniqueFd fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd || ::flock(fd.get(), LOCK_EX) != 0) return failed(lock);
    return fd;
}

// False where there is no such entry.
Result<bool> change(const SecretStoreOptions& options, const secrets::EncryptionKey& key) {
    SystemRandom random;
    const bool is_set = options.act == SecretStoreOptions::Act::set;
    auto value = is_set ? read_value() : Result<SecretString>(SecretString());
    if (!value) return failure(value.error());
    const auto lock = lock_store(options.store_file);
    if (!lock) return failure(lock.error());
    auto file = open_store(options, key, random);
    if (!file) return failure(file.error());
    if (!is_set && !file->remove(options.name)) return false;
    if (is_set) {
        if (auto set = file->set(options.name, value->reveal(), random); !set) return failure(set.error());
    }
    if (auto written = write_store(options.store_file, file->text(random)); !written) return failure(written.error());
    return true;
}

}  // namespace

int secret_store(const SecretStoreOptions& options) {
    if (options.key_file.empty() && options.passphrase_file.empty()) {
        return no_answer({ErrorCode::config_invalid, "--key-file or --passphrase-file: which key?"});
    }
    const auto key = secrets::read_encryption_key(options.key_file, options.passphrase_file);
    if (!key) return no_answer(key.error());
    if (options.act != SecretStoreOptions::Act::list) {
        const auto changed = change(options, *key);
        if (!changed) return no_answer(changed.error());
        if (!*changed) std::fprintf(stderr, "there is no entry of this name\n");
        return *changed ? 0 : 1;
    }
    SystemRandom random;
    const auto file = open_store(options, *key, random);
    if (!file) return no_answer(file.error());
    for (const std::string& name : file->names()) std::printf("%s\n", name.c_str());
    return 0;
}

}  // namespace sallyport::cli
