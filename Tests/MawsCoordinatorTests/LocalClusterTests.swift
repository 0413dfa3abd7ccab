import Foundation
import Glibc
import MawsBase
import MawsCoordinator
import MawsFiles
import MawsPlan
import Testing

/// Children of a local run, which are small shell scripts here.
@Suite(.timeLimit(.minutes(10)))
struct LocalClusterTests {
    /// A folder with programs of these scripts, and the cluster that starts them.
    final class Family {
        let folder: String
        let paths: RunPaths
        let mailbox = Mailbox<NodeEvent>()
        let cluster: LocalCluster

        init(server: String?, trainer: String? = "exit 0") throws {
            folder = NSTemporaryDirectory() + "maws-children-\(UUID().uuidString)"
            paths = RunPaths(folder: "\(folder)/run")
            for path in paths.all { try Folder.make(path) }
            for (name, script) in [("maws-ps", server), ("maws-trainer", trainer)] {
                guard let script else { continue }
                try AtomicFile.write("#!/bin/sh\ncd \(folder)\n\(script)\n", to: "\(folder)/\(name)")
                chmod("\(folder)/\(name)", 0o755)
            }
            cluster = LocalCluster(programs: folder, paths: paths, mailbox: mailbox)
        }

        deinit {
            cluster.stop(graceSeconds: 0)
            try? FileManager.default.removeItem(atPath: folder)
        }

        func start(servers: Int = 1, trainers: Int = 0, _ change: (inout ClusterPlan) -> Void = { _ in }) throws {
            var plan = ClusterPlan(
                isLocal: true, servers: servers, trainers: trainers, threads: 3, listen: "", heartbeatTimeoutSeconds: 1,
                leaseSeconds: 1)
            change(&plan)
            try cluster.start(plan, coordinator: "127.0.0.1:9", certificates: "keys", root: "/data")
        }

        /// How the children ended that did, by name.
        func ends(_ count: Int) throws -> [String: String] {
            var ends: [String: String] = [:]
            let deadline = Moment.now() + 300
            while ends.count < count {
                try #require(Moment.now() < deadline, "ended so far: \(ends)")
                for event in mailbox.take(waitingSeconds: 1) {
                    if case .childEnded(let name, let status) = event { ends[name] = status }
                }
            }
            return ends
        }

        func log(_ name: String) throws -> String { try text(paths.log(name)) }

        func text(_ path: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        }

        /// What a child writes into a file of the folder, once it is there.
        func told(_ name: String) throws -> String {
            let deadline = Moment.now() + 300
            while true {
                if let text = try? text("\(folder)/\(name)"), text.hasSuffix("\n") { return String(text.dropLast()) }
                try #require(Moment.now() < deadline, "\(name) is not there")
                Thread.sleep(forTimeInterval: 0.005)
            }
        }
    }

    @Test func everyChildIsToldWhatThePlanSays() throws {
        let family = try Family(server: "echo \"$@\"; exit 0", trainer: "echo \"$@\"; exit 7")
        try family.start(servers: 2, trainers: 1) { plan in
            (plan.serverMemoryBytes, plan.memoryBytes, plan.compute) = (1 << 20, 1 << 30, .reference)
        }
        #expect(
            try family.ends(3) == ["server-0": "exit code 0", "server-1": "exit code 0", "trainer-0": "exit code 7"])
        let common = "--coordinator 127.0.0.1:9 --certificates keys --exit-with-coordinator"
        for index in 0..<2 {
            let own = "--shard \(index)/2 --state \(family.paths.state) --name server-\(index) --memory 1048576"
            #expect(try family.log("server-\(index)") == "\(common) \(own)\n")
        }
        let own = "--threads 3 --name trainer-0 --data-root /data --cache \(family.paths.cache) "
        #expect(
            try family.log("trainer-0") == "\(common) \(own)--compute reference --memory 1073741824\n")
    }

    /// The fifth life in a row that is over at once is the last; what it said before it ended is told, whatever its
    /// bytes are.
    @Test func aChildThatEndsAgainAndAgainIsStartedAgainUntilItIsGivenUp() throws {
        let family = try Family(server: "echo started; printf 'no caf\\351\\r\\n'; kill -9 $$")
        try family.start()
        let end = try #require(throws: CoordinatorError.self) {
            while true {
                #expect(try family.ends(1) == ["server-0": "signal 9"])
                try family.cluster.ended("server-0")
                let lives = try family.lives
                let deadline = Moment.now() + 300
                while try family.lives == lives && Moment.now() < deadline {
                    try family.cluster.tick()
                    Thread.sleep(forTimeInterval: 0.005)
                }
            }
        }
        #expect(end == .childKeepsDying(name: "server-0", times: 5, lastLine: "no caf\u{FFFD}"))
        #expect(try family.lives >= 5)
        try family.cluster.tick()
        #expect(try family.lives >= 5)
    }

    /// A child in whose log nothing stands, and a name that is no child's.
    @Test func aSilentChildHasNoLastLineAndAStrangerIsNoChild() throws {
        let family = try Family(server: "kill -9 $$")
        try family.cluster.ended("server-0")
        try family.start()
        _ = try family.ends(1)
        try family.cluster.ended("server-7")
        for _ in 0..<4 { try family.cluster.ended("server-0") }
        #expect(throws: CoordinatorError.childKeepsDying(name: "server-0", times: 5, lastLine: "(nothing)")) {
            try family.cluster.ended("server-0")
        }
    }

    /// Told to end by others, it ends by itself, and nobody starts it again.
    @Test func childrenAreLeftTheTimeToEnd() throws {
        let script = "echo here > ${11}-here; while [ ! -e over ]; do sleep 0.01; done; exit 4"
        let family = try Family(server: script)
        try family.start(servers: 2)
        for index in 0..<2 { _ = try family.told("server-\(index)-here") }
        try AtomicFile.write("", to: "\(family.folder)/over")
        family.cluster.stop(graceSeconds: 300)
        #expect(try family.ends(2) == ["server-0": "exit code 4", "server-1": "exit code 4"])
        for _ in 0..<5 { try family.cluster.ended("server-0") }
        try family.cluster.tick()
        #expect(family.mailbox.take(waitingSeconds: 0.1).isEmpty)
    }

    @Test func aChildThatDoesNotEndIsKilled() throws {
        let family = try Family(server: "trap '' TERM INT HUP; echo $$ > number; exec sleep 1000")
        try family.start()
        let number = try #require(pid_t(try family.told("number")))
        family.cluster.stop(graceSeconds: 0)
        #expect(try family.ends(1) == ["server-0": "signal 9"])
        #expect(kill(number, 0) != 0)
    }

    /// Who keeps what the child inherited, and lives on, is not waited for.
    @Test func whatAChildLeavesBehindKeepsNobody() throws {
        let family = try Family(server: "sleep 1000 & echo $! > number; exec sleep 1000")
        try family.start()
        let number = try #require(pid_t(try family.told("number")))
        family.cluster.stop(graceSeconds: 0)
        #expect(kill(number, SIGKILL) == 0)
    }

    /// Stops are asked for by signals that the coordinator takes: what it starts does with them what it likes.
    @Test func childrenIgnoreNoSignalThatStopsThem() async throws {
        await #expect(processExitsWith: .success) {
            let family = try Family(server: "kill -TERM $$; exit 0")
            let standing = RunStanding(paths: family.paths, command: "")
            let signals = StopSignals(mailbox: family.mailbox, standing: standing)
            // A test runs on a thread that takes no signals, which its children would not take either.
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            try family.start()
            try #require(try family.ends(1) == ["server-0": "signal 15"])
            signals.restore()
        }
    }

    @Test(arguments: [
        (nil, "/maws-ps is not there; build the whole package, the local cluster starts it"),
        ("no program", "/maws-ps, which the local cluster starts, cannot be started: Exec format error"),
    ])
    func aProgramThatCannotBeStartedIsNamed(text: String?, sentence: String) throws {
        let family = try Family(server: nil)
        if let text {
            try AtomicFile.write(text, to: "\(family.folder)/maws-ps")
            chmod("\(family.folder)/maws-ps", 0o755)
        }
        let error = try #require(throws: CoordinatorError.self) { try family.start() }
        #expect("\(error)" == family.folder + sentence)
    }

    /// Its file is taken away while it runs, as a new build does it, and the process ends before there is another.
    @Test func aProgramThatIsReplacedIsStartedOnceItIsThere() throws {
        let family = try Family(
            server: "exec sleep 1000", trainer: "echo started; echo $$ > number; exec sleep 1000")
        try family.start(trainers: 1)
        let number = try #require(pid_t(try family.told("number")))
        try Folder.make("\(family.folder)/away")
        let (program, away) = ("\(family.folder)/maws-trainer", "\(family.folder)/away/maws-trainer")
        #expect(rename(program, away) == 0)
        kill(number, SIGKILL)
        #expect(try family.ends(1) == ["trainer-0": "signal 9"])
        try family.cluster.ended("trainer-0")
        #expect(try family.note().contains("trainer-0 cannot be started again"))
        #expect(rename(away, program) == 0)
        #expect(try family.note() == "trainer-0 is started again")
    }

    /// A file that nobody may run is no program.
    @Test func aTrainerThatIsMissingLeavesServersToBeStopped() throws {
        let family = try Family(server: "echo $$ > number; exec sleep 1000", trainer: nil)
        try AtomicFile.write("#!/bin/sh\n", to: "\(family.folder)/maws-trainer")
        #expect(throws: CoordinatorError.missingProgram("\(family.folder)/maws-trainer")) {
            try family.start(trainers: 1)
        }
        _ = try family.told("number")
        family.cluster.stop(graceSeconds: 0)
        #expect(try family.ends(1) == ["server-0": "signal 9"])
    }
}

extension LocalClusterTests.Family {
    /// How often the first server was started.
    fileprivate var lives: Int {
        get throws { try log("server-0").split(whereSeparator: \.isNewline).count { $0 == "started" } }
    }

    /// What the cluster says next while time goes by.
    fileprivate func note() throws -> String {
        let deadline = Moment.now() + 300
        while true {
            try cluster.tick()
            for case .note(let sentence) in mailbox.take(waitingSeconds: 0.01) { return sentence }
            try #require(Moment.now() < deadline, "nothing is said")
        }
    }
}
