import Foundation
import MawsBase
import MawsCoordinator
import MawsPlan
import Testing

/// The processes of a local cluster, which the coordinator starts, watches and ends.
struct NodeChildrenTests {
    private func started(_ rig: NodeRig) throws -> LocalCluster {
        try rig.start()
        let node = try #require(rig.node)
        let cluster = LocalCluster(
            programs: "/fake/bin", paths: rig.paths, mailbox: node.mailbox, world: rig.world.world)
        node.children = cluster
        let plan = try PlanLoader.loadResolved(path: rig.paths.plan)
        try cluster.start(plan.cluster, coordinator: "127.0.0.1:5000", certificates: "/certificates", root: "/data")
        return cluster
    }

    @Test func everyServerAndTrainerOfThePlanIsStartedWithWhatItNeeds() throws {
        let rig = try NodeRig()
        _ = try started(rig)
        let starts = rig.world.children.map(\.start)
        #expect(
            starts.map(\.program) == ["maws-ps", "maws-ps", "maws-trainer", "maws-trainer"].map { "/fake/bin/\($0)" })
        #expect(starts.map(\.log) == ["server-0", "server-1", "trainer-0", "trainer-1"].map { rig.paths.log($0) })
        let server = starts[1].arguments.joined(separator: " ")
        #expect(server.contains("--coordinator 127.0.0.1:5000 --certificates /certificates --exit-with-coordinator"))
        #expect(server.contains("--shard 1/2 --state \(rig.paths.state) --name server-1"))
        #expect(starts[2].arguments.joined(separator: " ").contains("--name trainer-0 --data-root /data"))
    }

    @Test func aChildThatWorkedAndEndedIsStartedAgainAtOnce() throws {
        let rig = try NodeRig()
        _ = try started(rig)
        rig.world.move(60)
        rig.world.children[3].end("signal 9")
        rig.settle()
        #expect(rig.world.children.count == 5)
        #expect(rig.world.children[4].start == rig.world.children[3].start)
        #expect(rig.world.warnings.contains("trainer-1 ended with signal 9"))
    }

    /// It has a pause that grows, and after five short lives the run says what the child said last.
    @Test func aChildThatNeverGetsToWorkEndsTheRun() throws {
        let rig = try NodeRig()
        _ = try started(rig)
        try Data("first\nno certificate, no work\n".utf8).write(to: URL(fileURLWithPath: rig.paths.log("server-0")))
        var child = rig.world.children[0]
        for life in 1..<5 {
            child.end("exit code 1")
            rig.settle()
            #expect(rig.world.children.count == 3 + life, "it has a pause first")
            rig.world.move(0.3 * Double(life) + 0.01)
            rig.settle()
            child = try #require(rig.world.children.last)
            #expect(rig.world.children.count == 4 + life)
        }
        child.end("exit code 1")
        let error = #expect(throws: RunFailure.self) { try rig.finish() }
        #expect(
            error?.sentence.contains("server-0 ended 5 times right after its start; its log ends with: no certificate")
                == true)
    }

    /// A program is built anew while the run goes on, and a trainer ends just then.
    @Test func aChildWhoseProgramIsAwayIsStartedWhenItIsBack() throws {
        let rig = try NodeRig()
        _ = try started(rig)
        rig.world.move(60)
        rig.world.lack(["/fake/bin/maws-trainer"])
        rig.world.children[3].end("signal 9")
        rig.wait(120)
        #expect(rig.world.children.count == 4 && rig.node?.isUnderWay == true)
        let said =
            "trainer-1 cannot be started again and is tried again until it can: /fake/bin/maws-trainer is not there"
        #expect(rig.world.warnings.split(separator: "\n").count { $0.contains(said) } == 1)
        rig.world.lack([])
        rig.wait(3.1)
        #expect(rig.world.children.count == 5)
        #expect(rig.world.warnings.contains("trainer-1 is started again"))
        rig.world.lack(["/fake/bin/maws-trainer"])
        rig.world.children[4].end("signal 9")
        rig.wait(1)
        #expect(rig.world.warnings.split(separator: "\n").count { $0.contains(said) } == 2, "it is another time")
    }

    /// Nobody is left, and no program to start: that does not get better.
    @Test func aRunWithoutAnyChildThatCanBeStartedEnds() throws {
        let rig = try NodeRig()
        _ = try started(rig)
        rig.world.move(60)
        rig.world.lack(["/fake/bin/maws-ps", "/fake/bin/maws-trainer"])
        for child in rig.world.children { child.end("signal 9") }
        rig.wait(60)
        let error = #expect(throws: RunFailure.self) { try rig.finish() }
        #expect(error?.sentence.contains("/fake/bin/maws-ps is not there") == true)
    }

    @Test func childrenThatDoNotEndAreKilledAndNoneIsStartedAgain() throws {
        let rig = try NodeRig()
        let cluster = try started(rig)
        let children = rig.world.children
        children[0].end("exit code 0")
        let before = rig.world.now
        cluster.stop(graceSeconds: 5)
        #expect(rig.world.now.seconds(since: before) >= 5)
        #expect(children.map(\.wasKilled) == [false, true, true, true])
        try cluster.ended("server-0")
        try cluster.tick()
        #expect(rig.world.children.count == 4)
    }
}
