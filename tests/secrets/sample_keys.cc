#include "sample_keys.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "secrets/encoding.h"

namespace sallyport::secrets::sample {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

Key key_of(const char* pem) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem, -1), BIO_free);
    return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
}

std::string der_of(std::string_view plain) {
    const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(ECDSA_SIG_new(), ECDSA_SIG_free);
    const auto* bytes = reinterpret_cast<const unsigned char*>(plain.data());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(signature.get(), &out);
    return der;
}

std::optional<std::string> decoded(std::string_view text) {
    Buffer out;
    if (!decode_base64(text, out)) return std::nullopt;
    return std::string(out.view());
}

}  // namespace

bool verifies(std::string_view algorithm, std::string_view signed_text, std::string_view signature) {
    const bool is_ec = algorithm == "ES256";
    if (is_ec && signature.size() != 64) return false;
    const Key key = key_of(is_ec ? kEcPkcs8 : kRsaPkcs8);
    const std::string der = is_ec ? der_of(signature) : std::string(signature);
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* key_context = nullptr;
    if (EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr, key.get()) != 1) return false;
    if (algorithm == "PS256") EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                            reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size()) == 1;
}

std::optional<Jwt> verified(std::string_view token) {
    const auto first = token.find('.'), last = token.rfind('.');
    if (first == token.npos || first == last) return std::nullopt;
    const auto header = decoded(token.substr(0, first));
    const auto claims = decoded(token.substr(first + 1, last - first - 1));
    const auto signature = decoded(token.substr(last + 1));
    if (!header || !claims || !signature) return std::nullopt;
    Jwt jwt{nlohmann::json::parse(*header), nlohmann::json::parse(*claims)};
    if (!verifies(jwt.header.at("alg").get<std::string>(), token.substr(0, last), *signature)) return std::nullopt;
    return jwt;
}

const char* const kRsaPkcs1 = R"(-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0
l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pC
gNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSX
ndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD
Zlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8
q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQABAoIBABKucaRpzQorw35S
bEUAVx8dYXUdZOlJcHtiWQ+dC6V8ljxAHj/PLyzTveyI5QO/xkObCyjIL303l2cf
UhPu2MFaJdjVzqACXuOrLot/eSFvxjvqVidTtAZExqFRJ9mylUVAoLvhowVWmC1O
n95fZCXxTUtxNEG1Xcc7m0rtzJKs45J+N/V9DP1edYH6USyPSWGp6wuA+KgHRnKK
Vf9GRx80JQY7nVNkL17eHoTWEwga+lwi0FEoW9Y7lDtWXYmKBWhUE+U8PGxlJf8f
40493HDw1WRQ/aSLoS4QTp3rn7gYgeHEvfJdkkf0UMhlknlo53M09EFPdadQ4TlU
bjqKc50CgYEA4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH/5IB3jw3bcxGn6QLvnE
tfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw/Py5PJdTJNPY8cQn7ouZ2KKDcmnPG
BY5t7yLc1QlQ5xHdwW1VhvKn+nXqhJTBgIPgtldC+KDV5z+y2XDwGUcCgYEAuQPE
fgmVtjL0Uyyx88GZFF1fOunH3+7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYs
p1ZSe7zFYHj7C6ul7TjeLQeZD/YwD66t62wDmpe/HlB+TnBA+njbglfIsRLtXlnD
zQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdcCgYAHAp9XcCSrn8wVkMVkKdb7
DOX4IKjzdahm+ctDAJN4O/y7OW5FKebvUjdAIt2GuoTZ71iTG+7F0F+lP88jtjP4
U4qe7VHoewl4MKOfXZKTe+YCS1XbNvfgwJ3Ltyl1OH9hWvu2yza7q+d5PCsDzqtm
27kxuvULVeya+TEdAB1ijQKBgQCH/3r6YrVH/uCWGy6bzV1nGNOdjKc9tmkfOJmN
54dxdixdpozCQ6U4OxZrsj3FcOhHBsqAHvX2uuYjagqvo3cOj1TRqNocX40omfCC
Mx3bD1yPPf/6TI2XECva/ggqEY2mYzmIiA5LVVmc5nrybr+lssFKneeyxN2Wq93S
0iJMdQKBgCGHewxzoa1r8ZMD0LETNrToK423K377UCYqXfg5XMclbrjPbEC3YI1Z
NqMtuhdBJqUnBi6tjKMF+34Xf0CUN8ncuXGO2CAYvO8PdyCixHX52ybaDjy1FtCE
6yUXjoKNXKvUm7MWGsAYH6f4IegOetN5NvmUMFStCSkh7ixZLkN1
-----END RSA PRIVATE KEY-----
)";
const char* const kRsaPkcs8 = R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO
jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL
aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn
juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5
ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf
toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg
VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW
PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G
O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj
kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6
XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB
4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K
pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr
0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE
lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6
kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP
rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw
kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp
5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2
9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/
evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG
yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj
OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2
tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3
ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56
03k2+ZQwVK0JKSHuLFkuQ3U=
-----END PRIVATE KEY-----
)";
const char* const kEcSec1 = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----
)";
const char* const kEcPkcs8 = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
-----END PRIVATE KEY-----
)";
const char* const kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIDFTCCAf2gAwIBAgIUaw0P403r90Ct2mIWlfRujtQmwvwwDQYJKoZIhvcNAQEL
BQAwGTEXMBUGA1UEAwwOc2FsbHlwb3J0IHRlc3QwIBcNMjYxMTI5MTMzNzI2WhgP
MjEyNjExMDUxMzM3MjZaMBkxFzAVBgNVBAMMDnNhbGx5cG9ydCB0ZXN0MIIBIjAN
BgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p
4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4
d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7
OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2Ca
pHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWN
moudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB
o1MwUTAdBgNVHQ4EFgQUMxiIj6e/g5DN3tNdVInpUWMZ2tkwHwYDVR0jBBgwFoAU
MxiIj6e/g5DN3tNdVInpUWMZ2tkwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0B
AQsFAAOCAQEAmq8T1lQvXWSnk8LL6VNrIdApOe52ulLosS0mJJBSDwVuynwkhz2o
Ze6v+lb+9m4f9SAA6IyIeWSc6GsfBj4AtnuKKos2J+Xtd9OBiIH/IFlbDnjwU6A9
2i3g/x2jU7puaOzw46wFNLmswB07JmUFk8h0fIBHos3KowZAsjTG6yI8dpeIKKdx
TX+Su7A8DRL8M/OhRyaVDCwVbyEa6YisaSB6VYu3OJjYe4rUM4dXh6byI6ludt2H
E9m3lvC4DImyTGe+9fkWpQQ+hwkjFQZhMtm7m5gT5UoMxdZ1xRvHPurimDLGFzSv
7LWbd6WbdPoTafEnJ43kPuJndsSLhJjVaA==
-----END CERTIFICATE-----
)";
const char* const kRsa1024 = R"(-----BEGIN PRIVATE KEY-----
MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBANdZPYHf/6A/NgRB
iFozLtZ/IbeGOYiQRcmOQVA3HqEQs4g7+ZH2mGHydDP5+d63I57VDx7FiOLmJphD
tpKoO95r6gWz7PNekptJlPqHv76tUcNe3eGT7NKq49E7eN+qLJlyaSdjYqWir1V3
OtpLrOs3N2Q9WQ8XQQ0dJYFbYc2RAgMBAAECgYBuX6jsxhhI090ltUjjolQhUCvB
2qPmYLvEIItNR9MFDoBWFRdHPrK/kPsKINd21TsGj4EebnRIh1nEtQAAjwWPe6kb
dvhfYlak4gG8M88DIEFXZR9UcMeOEB/AgeBiR0x8CnQUCL0UsGYxWAb1jlNEl7BJ
teEJsT4VE2012fEqoQJBAPVS2WIFl4Q5nHjJpqTEAbb/OTRcLWHJcc+MN70yfoC4
lad0qgXi/cZrKLgUIB5oRCid3ZGXz+m6eFcmfntSw9UCQQDguHBwTH2vpx6q8Sxt
TQzqVpEBpp/30eZqSfusg6dbTlcOX05tS/jo0cvJYHRLeQjUyv4zzg3KIVZQF5pk
uQzNAkB8FReWmLV2T51xCq2bEPi9EoJglW7u0vEZxRY8P9n0SWiIdl249ILfZTwH
P0avmpU+5fo3tc2XrpVHn1TCE66xAkApJZxw85CP+SnEYySfXtxejDtA8iGYXvax
v5o1nGWock++cfUKTj7lYoTN+rtQlnjnfcPN+IzN1gzX3XqHttqBAkB2uryRgQ1M
Ym9L+9/ogAEqbXE0Pa6KH7SL5kVhyntgBr491P809NMyrH5F76s2cfdzQH5EXR7g
ylN+SyPZfFvi
-----END PRIVATE KEY-----
)";
const char* const kP384 = R"(-----BEGIN EC PRIVATE KEY-----
MIGkAgEBBDASdnPirAid64GKQaSkZewJ8MZDFCbPg70gYrbrrF/OgFRWCQMQ0YnB
3QqB3EkywjSgBwYFK4EEACKhZANiAAR503eGqnU1P/F23xjva8Ngk1tL4bkgGFnt
QJpZbsSnKp7OTbw3tzj1AHpMfonMHRq2FqI9//N59fWZLYyUwhmRt6oxlpf7jYeH
E/2Lbf//IkYYJ328lQ4BRGpTRELwDI4=
-----END EC PRIVATE KEY-----
)";
const char* const kEncrypted = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjTA3HsasUeDgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEK/Gawue4suUzAEUkv31aMkEgZDA
4nLy8/2Wd7qs+FH6zoUyxNLdU9OpgCvjXWkuNaQIGf7zK1ga98AyvpBlt/fapulA
pE3GWNpjjSeFa2pjoeLSO4aw1O4kRcH544h8cbYNqA6Ecu/N62dnPuJbfw7VBNM6
vRFJToJjNLsONxCa1/40QsQMT8dSTbkqrB5m1e5FZUWA76AdS8Y+8QfIjto0bsM=
-----END ENCRYPTED PRIVATE KEY-----
)";

}  // namespace sallyport::secrets::sample
