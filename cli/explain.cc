#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "cli/admin_json.h"
#include "cli/commands.h"
#include "cli/questions.h"
#include "rules/explain.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

Result<rules::Question> question_of(const ExplainOptions& options) {
    rules::Question question{options.method, options.url, {}};
    for (const std::string& header : options.headers) {
        const std::size_t colon = header.find(':');
        if (colon == std::string::npos) return failure(ErrorCode::config_invalid, "a header is 'NAME: VALUE', not \"" + header + "\"");
        const std::size_t value = header.find_first_not_of(' ', colon + 1);
        question.headers.emplace_back(header.substr(0, colon), value == std::string::npos ? "" : header.substr(value));
    }
    return question;
}

int print_explanation(const rules::Explanation& explanation, bool as_json) {
    const std::string text = as_json ? rules::to_json(explanation) + "\n" : rules::to_text(explanation);
    std::fputs(text.c_str(), stdout);
    return explanation.allowed ? 0 : 1;
}

// A request that no rule is asked about.
int print_refusal(const Error& error, bool as_json) {
    const std::string reason = rules::reason_of_refusal(error);
    if (as_json) {
        const ordered_json json{{"verdict", "deny"}, {"allowed", false}, {"error", tag(error.code)}, {"reason", reason}};
        std::printf("%s\n", dump(json).c_str());
    } else {
        std::printf("refused: %s\n", reason.c_str());
    }
    return 1;
}

int explain_file(const ExplainOptions& options, const rules::Question& question) {
    auto file = LoadedFile::load(options.config_file);
    if (!file) return no_answer(file.error());
    if (options.assume_secrets) (*file)->assume_secrets();
    const auto snapshot = (*file)->snapshot(options.sandbox, options.policy);
    if (!snapshot) return no_answer(snapshot.error());
    const auto asked = rules::ask(question);
    if (!asked) return print_refusal(asked.error(), options.as_json);
    return print_explanation(rules::explain(**snapshot, *asked), options.as_json);
}

int ask_daemon(const ExplainOptions& options, const rules::Question& question) {
    if (options.sandbox.empty()) return no_answer({ErrorCode::config_invalid, "say whose request it is: --sandbox NAME"});
    ordered_json headers = ordered_json::object();
    for (const auto& [name, value] : question.headers) headers[name].push_back(value);
    const ordered_json body{{"sandbox", options.sandbox}, {"method", question.method}, {"url", question.url}, {"headers", headers}};
    admin::ClientRequest request{"POST", "/v1/explain", {{"Content-Type", "application/json"}}, dump(body)};
    const auto answer = admin::call(options.socket, request);
    if (!answer) return no_answer(answer.error());
    const auto json = ordered_json::parse(answer->body, nullptr, false);
    if (answer->status != 200 || !json.is_object()) {
        return no_answer({ErrorCode::config_invalid, "the daemon answered " + std::to_string(answer->status) + ": " + answer->body});
    }
    std::printf("%s\n", options.as_json ? answer->body.c_str() : json.dump(2).c_str());
    return json.value("allowed", false) ? 0 : 1;
}

}  // namespace

int explain(const ExplainOptions& options) {
    const auto question = question_of(options);
    if (!question) return no_answer(question.error());
    return options.config_file.empty() ? ask_daemon(options, *question) : explain_file(options, *question);
}

}  // namespace sallyport::cli
