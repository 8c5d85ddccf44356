#include "sandbox/path_steps.h"

#include <filesystem>

namespace sallyport::sandbox {
namespace fs = std::filesystem;
namespace {

constexpr int kLinksMax = 40;  // the kernel's own bound

// Names still to be looked up, the next one last.
void push_names(std::vector<std::string>& names, const fs::path& path) {
    const std::vector<fs::path> parts(path.begin(), path.end());
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!part->empty() && *part != "." && *part != "/") names.push_back(part->string());
    }
}

}  // namespace

std::vector<std::string> path_steps(const std::string& path) {
    std::vector<std::string> steps;
    std::vector<std::string> names;
    push_names(names, path);
    fs::path at = "/";
    for (int links = 0; !names.empty() && links <= kLinksMax;) {
        const std::string name = std::move(names.back());
        names.pop_back();
        if (name == "..") {
            at = at.parent_path();
            continue;
        }
        const fs::path here = at / name;
        steps.push_back(here.string());
        std::error_code error;
        const fs::path target = fs::read_symlink(here, error);
        if (error) {
            at = here;
            continue;
        }
        ++links;
        if (target.is_absolute()) at = "/";
        push_names(names, target);
    }
    return steps;
}

}  // namespace sallyport::sandbox
