#include "rules/metadata_tree.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(MetadataTreeTest, IsListedAndShown) {
    MetadataTree tree;
    tree["a"]["b"] = "text";
    tree["a"]["c"]["d"] = MetadataTree::array({"one", "two"});
    tree["e"] = "x";
    EXPECT_EQ(show_metadata(tree), "a/\ne");
    EXPECT_EQ(show_metadata(*find_metadata(tree, "/a/")), "b\nc/");
    EXPECT_EQ(show_metadata(*find_metadata(tree, "a/c/d")), "one\ntwo\n");
    EXPECT_EQ(show_metadata(*find_metadata(tree, "a/b")), "text");
    for (const std::string_view path : {"x", "a/x", "a/b/c", "a/c/d/0"}) EXPECT_EQ(find_metadata(tree, path), nullptr) << path;
}

}  // namespace
}  // namespace sallyport::rules
