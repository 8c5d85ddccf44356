#include "proxy/grpc_status.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

bool is_grpc_with(std::string_view type) {
    http::HeaderMap headers;
    headers.add("content-type", type);
    return is_grpc(headers);
}

TEST(GrpcStatus, GrpcIsKnownByItsContentType) {
    for (const char* type : {"application/grpc", "application/grpc+proto", "Application/gRPC;charset=x", "application/grpc+json"}) {
        EXPECT_TRUE(is_grpc_with(type)) << type;
    }
    for (const char* type : {"application/grpc-web", "application/grpcx", "application/json", "", "x application/grpc"}) {
        EXPECT_FALSE(is_grpc_with(type)) << type;
    }
    EXPECT_FALSE(is_grpc({}));
}

TEST(GrpcStatus, WhatThePolicyRefusesIsPermissionDenied) {
    for (const ErrorCode error : {ErrorCode::denied, ErrorCode::denied_by_rule, ErrorCode::private_address,
                                  ErrorCode::secret_unavailable, ErrorCode::placeholder_misused, ErrorCode::handler_threw}) {
        EXPECT_EQ(grpc_status(error), GrpcStatus::permission_denied) << tag(error);
    }
}

TEST(GrpcStatus, OthersSayWhetherToTryAgain) {
    EXPECT_EQ(grpc_status(ErrorCode::rate_limited), GrpcStatus::resource_exhausted);
    EXPECT_EQ(grpc_status(ErrorCode::connect_failed), GrpcStatus::unavailable);
    EXPECT_EQ(grpc_status(ErrorCode::origin_timeout), GrpcStatus::unavailable);
    EXPECT_EQ(grpc_status(ErrorCode::draining), GrpcStatus::unavailable);
    EXPECT_EQ(grpc_status(ErrorCode::misdirected), GrpcStatus::invalid_argument);
    EXPECT_EQ(grpc_status(ErrorCode::method_refused), GrpcStatus::unimplemented);
    EXPECT_EQ(grpc_status(ErrorCode::internal), GrpcStatus::internal);
}

TEST(GrpcStatus, AMessageIsPercentEncoded) {
    EXPECT_EQ(grpc_message("no rule allows this (rule a-b)"), "no rule allows this (rule a-b)");
    EXPECT_EQ(grpc_message("100%\n\xc3\xa9"), "100%25%0A%C3%A9");
}

}  // namespace
}  // namespace sallyport::proxy
