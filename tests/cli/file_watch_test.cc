#include "cli/file_watch.h"

#include <sys/stat.h>

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

constexpr std::chrono::seconds kPatience{20};

class FileWatchTest : public ScratchTest {
protected:
    FileWatchTest() {
        auto made = FileWatch::create(loop, [this] {
            ++changes;
            loop.stop();
        });
        EXPECT_TRUE(made);
        watch = std::move(*made);
    }

    // Whether a change is told of what `act` does.
    template <class Act>
    bool tells(Act act) {
        const int before = changes;
        act();
        net::Timer patience(loop, [this] { loop.stop(); });
        patience.start(kPatience);
        loop.run();
        return changes > before;
    }

    // Nothing is told now, nor in the time of several bursts.
    bool is_quiet() {
        const int before = changes;
        net::Timer pause(loop, [this] { loop.stop(); });
        pause.start(std::chrono::milliseconds(100));
        loop.run();
        return changes == before;
    }

    net::Loop loop;
    int changes = 0;
    std::unique_ptr<FileWatch> watch;
};

TEST_F(FileWatchTest, TellsOfEachWayToChangeAFile) {
    const std::string path = write("f", "1");
    watch->watch({path});
    EXPECT_TRUE(tells([&] { write("f", "2"); }));
    EXPECT_TRUE(tells([&] { std::filesystem::rename(write("f.new", "3"), path); })) << "as editors do";
    EXPECT_TRUE(tells([&] { chmod(path.c_str(), 0600); }));
    EXPECT_TRUE(tells([&] { std::filesystem::remove(path); }));
    EXPECT_TRUE(tells([&] { write("f", "4"); }));
}

TEST_F(FileWatchTest, TellsOnceOfABurst) {
    const std::string path = write("f", "1");
    watch->watch({path});
    EXPECT_TRUE(tells([&] {
        for (int i = 0; i < 100; ++i) write("f", std::to_string(i));
    }));
    EXPECT_TRUE(is_quiet());
    EXPECT_EQ(changes, 1);
}

// As mounted secrets are: f -> ..data/f, ..data -> ..1, and an update is a rename over ..data.
TEST_F(FileWatchTest, TellsOfALinkThatIsSwapped) {
    for (const char* name : {"..1", "..2", "..3"}) {
        std::filesystem::create_directory(directory + "/" + name);
        write(std::string(name) + "/f", name);
    }
    std::filesystem::create_symlink("..1", directory + "/..data");
    std::filesystem::create_symlink("..data/f", directory + "/f");
    watch->watch({directory + "/f"});
    for (const char* name : {"..2", "..3"}) {
        EXPECT_TRUE(tells([&] {
            std::filesystem::create_symlink(name, directory + "/..tmp");
            std::filesystem::rename(directory + "/..tmp", directory + "/..data");
        }));
        watch->watch({directory + "/f"});
        EXPECT_TRUE(is_quiet()) << "giving up the old folder is no change";
        EXPECT_TRUE(tells([&] { write(std::string(name) + "/f", "in place"); })) << "the new folder is watched";
    }
}

TEST_F(FileWatchTest, TellsOfALinkAnywhereOnTheWay) {
    std::filesystem::create_directories(directory + "/releases/1/etc");
    std::filesystem::create_directories(directory + "/releases/2/etc");
    write("releases/1/etc/f", "1");
    write("releases/2/etc/f", "2");
    std::filesystem::create_symlink(directory + "/releases/1", directory + "/current");
    watch->watch({directory + "/current/etc/f"});
    EXPECT_TRUE(tells([&] {
        std::filesystem::create_symlink(directory + "/releases/2", directory + "/next");
        std::filesystem::rename(directory + "/next", directory + "/current");
    }));
}

TEST_F(FileWatchTest, AFolderThatIsRemovedAndMadeAgainIsSeen) {
    const std::string folder = directory + "/conf";
    std::filesystem::create_directory(folder);
    write("conf/f", "1");
    watch->watch({folder + "/f"});
    EXPECT_TRUE(tells([&] { std::filesystem::remove_all(folder); }));
    watch->watch({folder + "/f"});
    EXPECT_TRUE(tells([&] { std::filesystem::create_directory(folder); }));
    watch->watch({folder + "/f"});
    EXPECT_TRUE(tells([&] { write("conf/f", "2"); }));
}

TEST_F(FileWatchTest, AFolderInAnothersPlaceIsSeen) {
    std::filesystem::create_directory(directory + "/conf");
    std::filesystem::create_directory(directory + "/other");
    write("conf/f", "1");
    write("other/f", "2");
    watch->watch({directory + "/conf/f"});
    EXPECT_TRUE(tells([&] {
        std::filesystem::rename(directory + "/conf", directory + "/conf.old");
        std::filesystem::rename(directory + "/other", directory + "/conf");
    }));
    watch->watch({directory + "/conf/f"});
    EXPECT_TRUE(tells([&] { write("conf/f", "3"); }));
}

TEST_F(FileWatchTest, WhatIsNotWatchedAnyMoreIsNotTold) {
    std::filesystem::create_directory(directory + "/a");
    std::filesystem::create_directory(directory + "/b");
    watch->watch({directory + "/a/f"});
    watch->watch({directory + "/b/f"});
    write("a/f", "1");
    EXPECT_TRUE(is_quiet());
    EXPECT_TRUE(tells([&] { write("b/f", "1"); }));
    watch->watch({});
    write("b/f", "2");
    EXPECT_TRUE(is_quiet());
}

TEST_F(FileWatchTest, LinksThatGoInACircleEnd) {
    std::filesystem::create_symlink(directory + "/b", directory + "/a");
    std::filesystem::create_symlink(directory + "/a", directory + "/b");
    watch->watch({directory + "/a/f"});
    EXPECT_TRUE(tells([&] { std::filesystem::remove(directory + "/a"); }));
}

}  // namespace
}  // namespace sallyport::cli
