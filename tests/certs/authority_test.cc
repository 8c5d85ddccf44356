#include "certs/authority.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <set>

#include "base/check.h"

namespace sallyport::certs {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::system_clock;
using testing::HasSubstr;
using testing::StartsWith;

const system_clock::time_point kNow = system_clock::from_time_t(1'800'000'000);

std::unique_ptr<CertificateAuthority> make_authority(std::string_view name = "agent-47") {
    auto made = CertificateAuthority::create(name, kNow);
    SALLYPORT_CHECK(made.has_value());
    return std::move(*made);
}

X509Ptr certificate_of(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    X509Ptr read(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    SALLYPORT_CHECK(read != nullptr);
    return read;
}

X509Ptr leaf_for(CertificateAuthority& authority, std::string_view host, bool is_address = false, hours later = hours(0)) {
    auto leaf = authority.mint_leaf(host, is_address, kNow + later);
    SALLYPORT_CHECK(leaf.has_value());
    return std::move(*leaf);
}

system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm parts{};
    SALLYPORT_CHECK(ASN1_TIME_to_tm(time, &parts) == 1);
    return system_clock::from_time_t(timegm(&parts));
}

std::string printed(X509* certificate) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
    X509_print_ex(memory.get(), certificate, XN_FLAG_ONELINE, X509_FLAG_NO_PUBKEY);
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string common_name(X509* certificate) {
    char name[128] = "";
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return name;
}

std::string serial(const X509* certificate) {
    const ASN1_INTEGER* number = X509_get0_serialNumber(certificate);
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)), static_cast<std::size_t>(ASN1_STRING_length(number))};
}

// As a strict client verifies a server: X509_V_OK or why not.
int verify(const std::string& ca_pem, X509* leaf, const char* host, system_clock::time_point at = kNow) {
    const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
    X509_STORE_add_cert(store.get(), certificate_of(ca_pem).get());
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
    X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK);
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(parameters, system_clock::to_time_t(at));
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1) X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    if (X509_verify_cert(context.get()) == 1) return X509_V_OK;
    return X509_STORE_CTX_get_error(context.get());
}

TEST(CertificateAuthority, IsARootThatSignsOnlyLeaves) {
    const auto authority = make_authority();
    const X509Ptr root = certificate_of(authority->pem());
    EXPECT_EQ(X509_get_version(root.get()), X509_VERSION_3);
    EXPECT_EQ(X509_check_issued(root.get(), root.get()), X509_V_OK);
    EXPECT_EQ(X509_get_pathlen(root.get()), 0);
    EXPECT_EQ(X509_get_key_usage(root.get()), static_cast<std::uint32_t>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
    EXPECT_NE(X509_get0_subject_key_id(root.get()), nullptr);
    EXPECT_EQ(time_of(X509_get0_notBefore(root.get())), kNow - hours(1));
    EXPECT_EQ(time_of(X509_get0_notAfter(root.get())), kNow + hours(24 * 30));
    EXPECT_EQ(EVP_PKEY_get_base_id(X509_get0_pubkey(root.get())), EVP_PKEY_EC);
    EXPECT_THAT(printed(root.get()), HasSubstr("ecdsa-with-SHA256"));
    EXPECT_THAT(printed(root.get()), HasSubstr("X509v3 Basic Constraints: critical"));
    EXPECT_THAT(printed(root.get()), HasSubstr("X509v3 Key Usage: critical"));
}

TEST(CertificateAuthority, IsNamedAfterItsSandbox) {
    EXPECT_THAT(common_name(certificate_of(make_authority("agent-47")->pem()).get()),
                testing::MatchesRegex("Sallyport CA for agent-47 \\([0-9a-f]{8}\\)"));
    for (const std::string& name : {std::string(), std::string(500, 'n'), std::string("a\0b\n\xff", 5), std::string("a/CN=b,O=c")}) {
        const std::string common = common_name(certificate_of(make_authority(name)->pem()).get());
        EXPECT_THAT(common, StartsWith("Sallyport CA for "));
        EXPECT_LE(common.size(), 64u);
        EXPECT_TRUE(std::all_of(common.begin(), common.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) << common;
    }
}

TEST(CertificateAuthority, SharesNothingWithAnother) {
    const auto one = make_authority();
    const auto other = make_authority();
    EXPECT_NE(one->pem(), other->pem());
    EXPECT_EQ(EVP_PKEY_eq(one->leaf_key(), other->leaf_key()), 0);
    EXPECT_NE(common_name(certificate_of(one->pem()).get()), common_name(certificate_of(other->pem()).get()));
    EXPECT_NE(verify(other->pem(), leaf_for(*one, "a.example").get(), "a.example"), X509_V_OK);
}

TEST(CertificateAuthority, KeepsItsKeyOutOfTheLeaves) {
    const auto authority = make_authority();
    EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(certificate_of(authority->pem()).get()), authority->leaf_key()), 0);
    EXPECT_EQ(authority->pem().find("PRIVATE"), std::string::npos);
}

TEST(Leaf, IsAcceptedByAStrictClientForItsHostAlone) {
    const auto authority = make_authority();
    const std::string label63(63, 'a');
    const std::string longest = label63 + '.' + label63 + '.' + label63 + '.' + std::string(61, 'b');
    const struct {
        std::string host;
        bool is_address;
    } cases[] = {{"api.example.com", false}, {"localhost", false}, {"xn--bcher-kva.example", false}, {"a_b.example", false},
                 {longest, false},           {"192.0.2.1", true},  {"2001:db8::1", true}};
    for (const auto& [host, is_address] : cases) {
        const X509Ptr leaf = leaf_for(*authority, host, is_address);
        EXPECT_EQ(verify(authority->pem(), leaf.get(), host.c_str()), X509_V_OK) << host;
        EXPECT_EQ(verify(authority->pem(), leaf.get(), "other.example"), X509_V_ERR_HOSTNAME_MISMATCH) << host;
        EXPECT_EQ(verify(authority->pem(), leaf.get(), ("sub." + host).substr(0, 253).c_str()), X509_V_ERR_HOSTNAME_MISMATCH);
        EXPECT_EQ(verify(authority->pem(), leaf.get(), "192.0.2.2"), X509_V_ERR_IP_ADDRESS_MISMATCH) << host;
        EXPECT_EQ(X509_check_private_key(leaf.get(), authority->leaf_key()), 1) << host;
    }
}

TEST(Leaf, SaysWhatAServerMayDoAndNoMore) {
    const auto authority = make_authority();
    const X509Ptr leaf = leaf_for(*authority, "api.example.com");
    EXPECT_EQ(X509_get_extension_flags(leaf.get()) & EXFLAG_CA, 0u);
    EXPECT_EQ(X509_get_key_usage(leaf.get()), static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
    EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), static_cast<std::uint32_t>(XKU_SSL_SERVER));
    EXPECT_NE(X509_get0_subject_key_id(leaf.get()), nullptr);
    EXPECT_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf.get()),
                                    X509_get0_subject_key_id(certificate_of(authority->pem()).get())),
              0);
    EXPECT_THAT(printed(leaf.get()), HasSubstr("X509v3 Subject Alternative Name: \n                DNS:api.example.com\n"));
    EXPECT_THAT(printed(leaf.get()), HasSubstr("X509v3 Basic Constraints: critical"));
    EXPECT_EQ(X509_get_ext_count(leaf.get()), 6);
}

TEST(Leaf, HasACommonNameWhereItFits) {
    const auto authority = make_authority();
    const std::string at_64 = std::string(60, 'a') + ".com";
    const std::string over_64 = std::string(61, 'a') + ".com";
    EXPECT_EQ(common_name(leaf_for(*authority, at_64).get()), at_64);
    const X509Ptr nameless = leaf_for(*authority, over_64);
    EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(nameless.get())), 0);
    EXPECT_THAT(printed(nameless.get()), HasSubstr("X509v3 Subject Alternative Name: critical"));
    EXPECT_EQ(common_name(leaf_for(*authority, "192.0.2.1", true).get()), "192.0.2.1");
}

TEST(Leaf, LivesAWeekButNoLongerThanItsAuthority) {
    const auto authority = make_authority();
    const X509Ptr first = leaf_for(*authority, "a.example");
    EXPECT_EQ(time_of(X509_get0_notBefore(first.get())), kNow - hours(1));
    EXPECT_EQ(time_of(X509_get0_notAfter(first.get())), kNow + hours(24 * 7));
    const X509Ptr last = leaf_for(*authority, "a.example", false, hours(24 * 29));
    EXPECT_EQ(time_of(X509_get0_notAfter(last.get())), kNow + hours(24 * 30));
    const auto late = authority->mint_leaf("a.example", false, kNow + hours(24 * 30));
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, ErrorCode::internal);
}

TEST(Leaf, HasASerialOfItsOwn) {
    const auto authority = make_authority();
    std::set<std::string> serials{serial(certificate_of(authority->pem()).get())};
    for (int i = 0; i < 200; ++i) {
        const std::string number = serial(leaf_for(*authority, "a.example").get());
        EXPECT_EQ(number.size(), 16u);
        EXPECT_EQ(static_cast<unsigned char>(number[0]) & 0xc0, 0x40);
        EXPECT_TRUE(serials.insert(number).second);
    }
}

TEST(Leaf, IsRefusedForWhatIsNotOneNameOrAddress) {
    const auto authority = make_authority();
    const struct {
        std::string host;
        bool is_address;
    } cases[] = {
        {"", false},
        {"*.example.com", false},
        {"a.example,DNS:b.example", false},
        {"a.example\nDNS:b.example", false},
        {std::string("a.example\0.evil", 15), false},
        {"A.example", false},
        {"b\xc3\xbc" "cher.example", false},
        {"a example", false},
        {std::string(254, 'a'), false},
        {"192.0.2.1", false},
        {"2001:db8::1", false},
        {"a.example", true},
        {"", true},
        {"192.0.2.1/24", true},
        {"[::1]", true},
        {std::string("192.0.2.1\0", 10), true},
    };
    for (const auto& [host, is_address] : cases) {
        const auto leaf = authority->mint_leaf(host, is_address, kNow);
        ASSERT_FALSE(leaf.has_value()) << host;
        EXPECT_EQ(leaf.error().code, ErrorCode::bad_authority) << host;
    }
}

}  // namespace
}  // namespace sallyport::certs
