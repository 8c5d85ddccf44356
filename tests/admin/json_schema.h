// The part of JSON Schema that our OpenAPI document uses: type, properties, required, additionalProperties, items, enum,
// anyOf, minimum, $ref within the document. A keyword that it does not know is a failure, so that nothing is passed over.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace sallyport::admin {

class SchemaChecker {
public:
    explicit SchemaChecker(const nlohmann::json& document) : document_(document) {}

    // What is wrong with `value`, as "/path: why"; empty where nothing is.
    std::string check(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at = "") const {
        static const std::set<std::string> kKnown = {"type", "properties", "required", "additionalProperties",
                                                     "items", "enum", "anyOf", "minimum", "$ref", "description",
                                                     "default"};
        for (const auto& [keyword, unused] : schema.items()) {
            if (!kKnown.contains(keyword)) return at + ": the checker does not know " + keyword;
        }
        if (schema.contains("$ref")) return check(resolve(schema["$ref"]), value, at);
        if (schema.contains("anyOf")) return check_any(schema["anyOf"], value, at);
        if (schema.contains("type") && !has_type(schema["type"], value)) {
            return at + ": not of type " + schema["type"].get<std::string>() + ": " + value.dump();
        }
        if (schema.contains("enum") && !contains(schema["enum"], value)) return at + ": not listed: " + value.dump();
        if (schema.contains("minimum") && value < schema["minimum"]) return at + ": too small: " + value.dump();
        if (value.is_object()) return check_object(schema, value, at);
        if (value.is_array() && schema.contains("items")) return check_items(schema["items"], value, at);
        return {};
    }
    // "#/components/schemas/Error"
    const nlohmann::json& resolve(const std::string& reference) const {
        return document_.at(nlohmann::json::json_pointer(reference.substr(1)));
    }

private:
    static bool contains(const nlohmann::json& list, const nlohmann::json& value) {
        for (const auto& each : list) {
            if (each == value) return true;
        }
        return false;
    }
    static bool has_type(const std::string& type, const nlohmann::json& value) {
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "integer") return value.is_number_integer();
        if (type == "boolean") return value.is_boolean();
        return type == "null" && value.is_null();
    }
    std::string check_any(const nlohmann::json& schemas, const nlohmann::json& value, const std::string& at) const {
        std::string why;
        for (const auto& schema : schemas) {
            why = check(schema, value, at);
            if (why.empty()) return {};
        }
        return why;
    }
    std::string check_items(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at) const {
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (auto why = check(schema, value[i], at + "/" + std::to_string(i)); !why.empty()) return why;
        }
        return {};
    }
    std::string check_object(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at) const {
        const auto properties = schema.value("properties", nlohmann::json::object());
        for (const auto& name : schema.value("required", nlohmann::json::array())) {
            if (!value.contains(name.get<std::string>())) return at + ": without " + name.dump();
        }
        const auto others = schema.value("additionalProperties", nlohmann::json(true));
        for (const auto& [name, member] : value.items()) {
            std::string why;
            if (properties.contains(name)) {
                why = check(properties[name], member, at + "/" + name);
            } else if (others.is_object()) {
                why = check(others, member, at + "/" + name);
            } else if (!others.get<bool>()) {
                why = at + ": unknown member " + name;
            }
            if (!why.empty()) return why;
        }
        return {};
    }

    const nlohmann::json& document_;
};

}  // namespace sallyport::admin
