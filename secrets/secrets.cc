#include "secrets/secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/buffer.h"
#include "base/unique_fd.h"
#include "secrets/location.h"
#include "secrets/provider.h"
#include "secrets/value_check.h"

namespace sallyport::secrets {
namespace {

Result<SecretString> read_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return failure(ErrorCode::secret_unavailable, "environment variable " + name + " is not set");
    return check_value(value);
}

Result<UniqueFd> open_regular(const std::string& path) {
    // Non-blocking, so that a FIFO in the file's place cannot hold the thread.
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return failure(ErrorCode::secret_unavailable, path + ": " + std::strerror(errno));
    struct stat status {};
    if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return failure(ErrorCode::secret_unavailable, path + ": not a regular file");
    }
    return fd;
}

// Fills `buffer` to the end of the file, or to one byte more than a secret may have.
Result<void> read_all(int fd, Buffer& buffer) {
    while (buffer.size() <= kSecretBytesMax) {
        const std::size_t room = kSecretBytesMax + 1 - buffer.size();
        const ssize_t got = read(fd, buffer.reserve(room), room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure(ErrorCode::secret_unavailable, std::strerror(errno));
        if (got == 0) return {};
        buffer.commit(static_cast<std::size_t>(got));
    }
    return {};
}

Result<SecretString> read_file(const std::string& path) {
    const auto fd = open_regular(path);
    if (!fd) return failure(fd.error());
    Buffer buffer;
    buffer.reserve(kSecretBytesMax + 1);
    const auto outcome = read_all(fd->get(), buffer);
    Result<SecretString> value = outcome ? check_value(buffer.view()) : Result<SecretString>(failure(outcome.error()));
    buffer.wipe();
    if (!value) return failure(ErrorCode::secret_unavailable, path + ": " + value.error().detail);
    return value;
}

Result<SecretString> read_source(const SecretSource& source, const Identity& identity) {
    if (source.kind == SourceKind::provider) return failure(ErrorCode::secret_unavailable, "it has not been fetched yet");
    const auto location = resolve_location(source, identity);
    if (!location) return failure(location.error());
    return source.kind == SourceKind::env ? read_variable(*location) : read_file(*location);
}

// What was fetched carries its own explanation.
SharedValue value_of(const SecretSource& source, const Identity& identity, const SecretSnapshot::Provided& provided) {
    if (source.kind == SourceKind::provider && provided) {
        if (SharedValue value = provided(source, identity)) return value;
    }
    auto value = read_source(source, identity);
    if (!value) value.error().detail = "secret \"" + source.name + "\": " + value.error().detail;
    return std::make_shared<const Result<SecretString>>(std::move(value));
}

}  // namespace

std::string_view type_of(const SecretSource& source) {
    switch (source.kind) {
        case SourceKind::env: return "env";
        case SourceKind::file: return "file";
        case SourceKind::systemd: return "systemd";
        case SourceKind::provider: break;
    }
    return source.provider->type();
}

bool is_file(const SecretSource& source) {
    return source.kind == SourceKind::file || source.kind == SourceKind::systemd;
}

std::string describe(const SecretSource& source) {
    if (source.kind == SourceKind::provider) return source.provider->describe();
    return std::string(type_of(source)) + " " + source.location;
}

bool is_per_sandbox(const SecretSource& source) {
    if (source.kind != SourceKind::provider) return source.location.find("${") != source.location.npos;
    bool refers = false;
    source.provider->visit_templates([&](const TemplateText& text) {
        for (const TemplatePart& part : text) refers |= part.kind != PartKind::literal;
    });
    return refers;
}

SecretSnapshot SecretSnapshot::load(const std::vector<SecretSource>& sources, const Identity& identity) {
    return load(sources, identity, {});
}

SecretSnapshot SecretSnapshot::load(const std::vector<SecretSource>& sources, const Identity& identity,
                                    const SecretSnapshot& common, const Provided& provided) {
    SecretSnapshot snapshot;
    for (const SecretSource& source : sources) {
        const auto known = is_per_sandbox(source) ? common.values_.end() : common.values_.find(source.name);
        SharedValue value = known != common.values_.end() ? known->second : value_of(source, identity, provided);
        snapshot.values_.insert_or_assign(source.name, std::move(value));
    }
    return snapshot;
}

Result<std::string_view> SecretSnapshot::get(std::string_view name) const {
    const auto shared = share(name);
    if (!shared) return failure(shared.error());
    return (*shared)->reveal();
}

Result<std::shared_ptr<const SecretString>> SecretSnapshot::share(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) {
        return failure(ErrorCode::secret_unavailable, "secret \"" + std::string(name) + "\" is not defined");
    }
    const Result<SecretString>& value = *found->second;
    if (!value) return failure(value.error());
    return std::shared_ptr<const SecretString>(found->second, &*value);
}

}  // namespace sallyport::secrets
