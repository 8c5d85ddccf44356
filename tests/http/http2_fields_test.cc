#include "http/http2_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sallyport::http {
namespace {

// "name: [value]", with a "!" in front of those that may never be indexed.
std::string text(const Http2FieldList& list) {
    std::string all;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const nghttp2_nv& field = list.data()[i];
        if ((field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0) all += "!";
        all += std::string(reinterpret_cast<const char*>(field.name), field.namelen) + ": [" +
               std::string(reinterpret_cast<const char*>(field.value), field.valuelen) + "]\n";
    }
    return all;
}

RequestHead request() {
    RequestHead head;
    head.method = "POST";
    head.target = "/a?b";
    head.headers.add("Accept", "*/*");
    head.headers.add("Host", "a.com:8443");
    head.headers.add("Authorization", "Bearer x");
    return head;
}

TEST(Http2FieldList, PutsPseudoFieldsFirst) {
    EXPECT_EQ(text(Http2FieldList(request(), Scheme::https)),
              ":method: [POST]\n:scheme: [https]\n:authority: [a.com:8443]\n:path: [/a?b]\n"
              "Accept: [*/*]\nAuthorization: [Bearer x]\n");
    EXPECT_NE(text(Http2FieldList(request(), Scheme::http)).find(":scheme: [http]\n"), std::string::npos);
}

TEST(Http2FieldList, IndexesNothingThatCouldBeASecret) {
    RequestHead head = request();
    head.holds_secrets = true;
    head.body = {BodyKind::length, 12};
    EXPECT_EQ(text(Http2FieldList(head, Scheme::https)),
              ":method: [POST]\n:scheme: [https]\n:authority: [a.com:8443]\n!:path: [/a?b]\n"
              "!Accept: [*/*]\n!Authorization: [Bearer x]\ncontent-length: [12]\n");
}

TEST(Http2FieldList, LeavesOutWhatBelongsToHttp1Connections) {
    RequestHead head = request();
    for (const char* name : {"Connection", "keep-alive", "Proxy-Connection", "Transfer-Encoding", "UPGRADE", "HTTP2-Settings"}) {
        head.headers.add(name, "x");
    }
    head.headers.add("TE", "gzip");
    EXPECT_EQ(text(Http2FieldList(head, Scheme::https)), text(Http2FieldList(request(), Scheme::https)));
    head.headers.add("TE", "Trailers");
    EXPECT_NE(text(Http2FieldList(head, Scheme::https)).find("TE: [Trailers]\n"), std::string::npos);
}

TEST(Http2FieldList, TrimsValues) {
    RequestHead head = request();
    head.headers.add("X", " \ta b ");
    EXPECT_NE(text(Http2FieldList(head, Scheme::https)).find("X: [a b]\n"), std::string::npos);
}

TEST(Http2FieldList, SaysALengthOnlyWhereAFieldHas) {
    RequestHead head = request();
    head.body = {BodyKind::length, 0};
    EXPECT_NE(text(Http2FieldList(head, Scheme::https)).find("content-length: [0]\n"), std::string::npos);
    for (const BodyFraming& body : {BodyFraming{BodyKind::length, 0, false}, BodyFraming{BodyKind::chunked}, BodyFraming{}}) {
        head.body = body;
        EXPECT_EQ(text(Http2FieldList(head, Scheme::https)).find("content-length"), std::string::npos);
    }
}

TEST(Http2FieldList, AsksForWebSocketWithAnExtendedConnect) {
    RequestHead head = request();
    head.method = "GET";
    head.upgrade = true;
    head.headers.add("Upgrade", "websocket");
    head.headers.add("Connection", "Upgrade");
    head.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    head.headers.add("Sec-WebSocket-Version", "13");
    EXPECT_EQ(text(Http2FieldList(head, Scheme::https)),
              ":method: [CONNECT]\n:protocol: [websocket]\n:scheme: [https]\n:authority: [a.com:8443]\n:path: [/a?b]\n"
              "Accept: [*/*]\nAuthorization: [Bearer x]\nSec-WebSocket-Version: [13]\n");
}

TEST(Http2FieldList, SendsThePathOfATargetInAbsoluteForm) {
    const std::pair<const char*, const char*> targets[] = {
        {"/a?b", "/a?b"}, {"*", "*"}, {"http://a.com/a?b", "/a?b"}, {"https://a.com", "/"}, {"http://a.com?b/c", "/?b/c"},
        {"/a?u=http://b.com/c", "/a?u=http://b.com/c"}, {"http://a.com/u=http://b.com", "/u=http://b.com"},
    };
    for (const auto& [target, path] : targets) {
        RequestHead head = request();
        head.target = target;
        EXPECT_NE(text(Http2FieldList(head, Scheme::https)).find(":path: [" + std::string(path) + "]\n"), std::string::npos) << target;
    }
    RequestHead head = request();
    head.method = "OPTIONS";
    head.target = "http://a.com";
    EXPECT_NE(text(Http2FieldList(head, Scheme::https)).find(":path: [*]\n"), std::string::npos);
}

TEST(Http2FieldList, WritesResponsesAndTrailers) {
    ResponseHead head;
    head.status = 204;
    head.reason = "No Content";
    head.headers.add("Host", "a field like others here");
    head.headers.add("Keep-Alive", "timeout=5");
    EXPECT_EQ(text(Http2FieldList(head)), ":status: [204]\nHost: [a field like others here]\n");
    head.status = 200;
    head.body = {BodyKind::length, UINT64_MAX};
    EXPECT_EQ(text(Http2FieldList(head)),
              ":status: [200]\nHost: [a field like others here]\ncontent-length: [18446744073709551615]\n");
    HeaderMap trailers;
    trailers.add("Grpc-Status", "0");
    trailers.add("Connection", "close");
    EXPECT_EQ(text(Http2FieldList(trailers)), "Grpc-Status: [0]\n");
}

}  // namespace
}  // namespace sallyport::http
