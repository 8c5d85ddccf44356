#include "rules/secret_cycles.h"

#include <algorithm>
#include <set>

#include "secrets/inputs.h"

namespace sallyport::rules {
namespace {

class Search {
public:
    explicit Search(const std::vector<secrets::SecretSource>& sources) : sources_(sources) {}

    // Appends the steps from `from` to `goal`.
    bool find(const std::string& from, std::string_view goal, std::vector<std::string>& path) {
        path.push_back(from);
        const auto source = std::find_if(sources_.begin(), sources_.end(), [&](const auto& each) { return each.name == from; });
        if (source != sources_.end() && seen_.insert(from).second) {
            for (const std::string& input : secrets::inputs_of(*source)) {
                if (input != goal && !find(input, goal, path)) continue;
                if (input == goal) path.push_back(input);
                return true;
            }
        }
        path.pop_back();
        return false;
    }

private:
    const std::vector<secrets::SecretSource>& sources_;
    std::set<std::string, std::less<>> seen_;
};

}  // namespace

std::vector<std::string> cycle_through(std::string_view name, const std::vector<secrets::SecretSource>& sources) {
    std::vector<std::string> path;
    Search(sources).find(std::string(name), name, path);
    return path;
}

}  // namespace sallyport::rules
