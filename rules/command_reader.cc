#include "rules/command_reader.h"

#include "secrets/command_provider.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_command(SecretReading& reading) {
    std::vector<std::string> argv;
    bool is_fixed = true;
    const auto items = read_list(reading.node, reading.key, ListForm::list_only, reading.reporter);
    for (const Node* item : items) {
        const auto text = read_text(*item, reading.key, reading.reporter);
        if (!text) continue;
        if (text->find("${") != text->npos) {
            reading.reporter.error(item->place, "a command's arguments are the same for every sandbox, and refer to nothing");
            is_fixed = false;
        }
        argv.emplace_back(*text);
    }
    if (argv.empty() || argv.size() != items.size() || !is_fixed) return nullptr;
    // Otherwise it is looked for in PATH.
    if (argv[0].find('/') != argv[0].npos) argv[0] = absolute_path(argv[0], reading.reporter);
    return std::make_shared<const secrets::CommandProvider>(std::move(argv));
}

}  // namespace sallyport::rules
