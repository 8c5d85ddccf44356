// Looks for a request to one host and port that given rules match and given others do not: what proofs, the check for
// rules that can never match, and comparisons of policies come down to. Exact, with what http/ lets pass as requests;
// each candidate is put to check_rule(), and where a rule stands in the way, the search goes on around it. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rules/language.h"
#include "rules/rule.h"

namespace sallyport::rules {

// Where requests go.
struct Origin {
    http::Scheme scheme = http::Scheme::https;
    std::string host;  // canonical
    bool is_address = false;
    std::uint16_t port = 443;
};

struct SearchQuestion {
    Origin origin;
    std::vector<const Rule*> matching;  // all of them match; they are about this host
    std::vector<const Rule*> blocking;  // none of them matches, nor refuses the path as ambiguous
    std::vector<const Glob*> paths;     // none of these has the path; "*" and an ambiguous path are in none
};

// Everything of a request that rules look at.
struct FoundRequest {
    std::string method;
    std::string target;  // path and query; "*" for OPTIONS *
    std::vector<std::pair<std::string, std::string>> headers;
};

struct SearchResult {
    Search outcome = Search::none;
    FoundRequest request;  // where found
    // Where none: the blocking rules that had a part in it, in the order given. That they are enough is sure.
    std::vector<const Rule*> in_the_way;
};

SearchResult find_request(const SearchQuestion& question, Budget& budget);

// As rules see it.
http::CanonicalRequest canonical(const Origin& origin, const FoundRequest& request);
http::HeaderMap header_map(const Origin& origin, const FoundRequest& request);
// "https://api.github.com/repos/acme/x"; without a path for "*".
std::string url_of(const Origin& origin, const std::string& target);

// Whether a rule decides about such a request: it matches, or would but for an ambiguous path.
bool is_met(const RuleCheck& check);

}  // namespace sallyport::rules
