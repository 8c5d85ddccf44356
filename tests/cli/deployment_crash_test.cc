// A process that is killed while it changes the deployment, and another one that goes on from what it has left.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <random>

#include "base/unique_fd.h"
#include "cli/deployment.h"
#include "tests/cli/decide.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

constexpr int kChanges = 12;

// The steps of one change, in their order.
enum class Step : char { planned = 'p', kept = 'k', committed = 'c' };

class DeploymentCrashTest : public ScratchTest {
protected:
    static Deployment make() {
        const auto parsed = rules::parse_policy_file(
            "version: 1\npolicies: { p: { default: deny }, q: { default: deny } }\n"
            "sandboxes: { one: { policy: p }, two: { policy: q } }\n", "p.yaml");
        auto deployment = Deployment::create(parsed.file, [](const std::string&) {
            return Result<std::shared_ptr<const rules::Script>>(failure(ErrorCode::config_invalid));
        });
        return std::move(*deployment);
    }

    // Change number n, from 1: a policy, or what is set for a sandbox, is set or removed.
    static Planned<Plan> change(Deployment& deployment, int n) {
        const std::string host = "h" + std::to_string(n) + ".example";
        const std::string rules = R"("rules":[{"host":")" + host + "\"}]}";
        switch (n % 4) {
            case 0: return deployment.plan_egress("two", std::nullopt);
            case 1: return deployment.plan_policy("p", "{" + rules);
            case 2: return deployment.plan_egress("two", R"({"labels":{"n":")" + std::to_string(n) + "\"}," + rules);
            default: return deployment.plan_egress("one", "{" + rules);
        }
    }

    static std::string view(const Deployment& deployment) {
        std::string text;
        for (const char* name : {"one", "two"}) {
            const EgressDocument* document = deployment.egress_document(name);
            text += std::string(name) + " " + (document != nullptr ? document->json : "-") + ":";
            for (int n = 1; n <= kChanges; ++n) {
                const std::string url = "https://h" + std::to_string(n) + ".example/";
                if (decide(deployment.snapshot_of(name), url).starts_with("allow")) text += " " + std::to_string(n);
            }
            text += "\n";
        }
        const PolicyDocument* policy = deployment.policy_document("p");
        return text + (policy != nullptr ? policy->json : "-");
    }

    static void open_sandboxes(Deployment& deployment) {
        for (const char* name : {"one", "two"}) {
            if (!deployment.add_sandbox(name, "")) std::abort();
        }
    }

    // What there is to be seen after each number of changes.
    static std::vector<std::string> expected() {
        Deployment deployment = make();
        open_sandboxes(deployment);
        std::vector<std::string> views{view(deployment)};
        for (int n = 1; n <= kChanges; ++n) {
            deployment.commit(*change(deployment, n));
            views.push_back(view(deployment));
        }
        return views;
    }

    // Makes all changes, and tells of each step; stops for good after step `last` of change `last_change`.
    [[noreturn]] void make_changes(int pipe, int last_change, Step last) const {
        auto store = admin::StateStore::open(directory + "/state.db");
        if (!store) _exit(1);
        Deployment deployment = make();
        deployment.restore(*(*store)->load());
        admin::StateChange begun;  // as the gate begins
        begun.generation = deployment.generation().value;
        if (!(*store)->apply(begun)) _exit(1);
        open_sandboxes(deployment);
        for (int n = 1; n <= kChanges; ++n) {
            const auto reach = [&](Step step) {
                const char told[2] = {static_cast<char>(n), static_cast<char>(step)};
                if (::write(pipe, told, 2) != 2) _exit(1);
                if (n == last_change && step == last) kill(getpid(), SIGKILL);
            };
            const auto plan = change(deployment, n);
            if (!plan) _exit(1);
            reach(Step::planned);
            if (!(*store)->apply(plan->stored())) _exit(1);
            reach(Step::kept);
            deployment.commit(*plan);
            reach(Step::committed);
        }
        _exit(0);
    }

    struct Child {
        pid_t pid;
        UniqueFd told;
    };
    Child start(int last_change, Step last) const {
        int fds[2];
        if (pipe(fds) != 0) std::abort();
        const pid_t pid = fork();
        if (pid == 0) {
            close(fds[0]);
            make_changes(fds[1], last_change, last);
        }
        close(fds[1]);
        return {pid, UniqueFd(fds[0])};
    }

    // How many changes were begun and how many acknowledged, as far as was told.
    struct Progress {
        int planned = 0;
        int kept = 0;
    };
    static bool hear(const UniqueFd& told, Progress& progress) {
        char step[2];
        if (::read(told.get(), step, 2) != 2) return false;
        if (step[1] == static_cast<char>(Step::planned)) progress.planned = step[0];
        if (step[1] != static_cast<char>(Step::planned)) progress.kept = step[0];
        return true;
    }

    // The next process finds one of the states that may be there, as a whole.
    void expect_old_or_new(const Progress& progress, const std::vector<std::string>& views) {
        auto store = admin::StateStore::open(directory + "/state.db");
        ASSERT_TRUE(store) << store.error().detail;
        const auto state = (*store)->load();
        ASSERT_TRUE(state);
        Deployment deployment = make();
        deployment.restore(*state);
        open_sandboxes(deployment);
        const std::string found = view(deployment);
        int matches = -1;
        for (int n = progress.kept; n <= progress.planned; ++n) {
            if (found == views[static_cast<std::size_t>(n)]) matches = n;
        }
        EXPECT_GE(matches, 0) << "acknowledged: " << progress.kept << ", begun: " << progress.planned << "\n" << found;
        // In the first life generation 1 is what was there, and change n made n + 1.
        EXPECT_GT(deployment.generation().value, static_cast<std::uint64_t>(progress.kept + 1)) << "never one that was used";
        store->reset();
        std::filesystem::remove(directory + "/state.db");
        std::filesystem::remove(directory + "/state.db-wal");
    }

    static void wait_for(pid_t pid) {
        int status = 0;
        ASSERT_EQ(waitpid(pid, &status, 0), pid);
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    }
};

TEST_F(DeploymentCrashTest, KilledBetweenAnyTwoStepsTheNextFindsOldOrNew) {
    const auto views = expected();
    for (int n = 1; n <= kChanges; ++n) {
        for (const Step step : {Step::planned, Step::kept, Step::committed}) {
            const Child child = start(n, step);
            Progress progress;
            while (hear(child.told, progress)) {
            }
            wait_for(child.pid);
            EXPECT_EQ(progress.planned, n);
            EXPECT_EQ(progress.kept, step == Step::planned ? n - 1 : n);
            expect_old_or_new(progress, views);
        }
    }
}

TEST_F(DeploymentCrashTest, KilledInTheMiddleOfAStepTheNextFindsOldOrNew) {
    const auto views = expected();
    std::mt19937 random(7);
    for (int round = 0; round < 40; ++round) {
        const Child child = start(0, Step::planned);
        Progress progress;
        // From outside, at some moment while change `target` is being kept.
        const int target = 1 + round % kChanges;
        while (progress.planned < target && hear(child.told, progress)) {
        }
        for (unsigned spin = random() % 40'000; spin > 0; --spin) asm volatile("");
        kill(child.pid, SIGKILL);
        while (hear(child.told, progress)) {
        }
        wait_for(child.pid);
        expect_old_or_new(progress, views);
    }
}

}  // namespace
}  // namespace sallyport::cli
