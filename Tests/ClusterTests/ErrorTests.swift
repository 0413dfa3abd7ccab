import Foundation
import MawsBase
import MawsKernels
import MawsTransport
import Testing

/// What goes wrong for users: one clear sentence, an exit code that is not 0, nothing half written.
@Suite(.serialized) struct ErrorTests {
    /// Runs a program that must fail and gives what it printed.
    private func failure(_ program: Program) throws -> String {
        let code = try program.run()
        #expect(code != 0)
        return program.output
    }

    @Test func missingDataNamesTheFileAndTheCommandThatMakesIt() throws {
        let run = try ClusterRun()
        let text = try run.plan().replacingOccurrences(of: "fashion-train-0000.tar", with: "nothing-0000.tar")
        try text.write(toFile: run.planPath, atomically: true, encoding: .utf8)
        let output = try failure(Program("maws-coord", ["start", "--plan", run.planPath]))
        #expect(output.contains("nothing-0000.tar") && output.contains("maws data pack"))
        #expect(!FileManager.default.fileExists(atPath: run.runFolder))
    }

    @Test func tooManyUnreadableImagesEndTheRunWithOneOfTheirNames() throws {
        var run = try ClusterRun()
        run.trainShard = try TestData.damagedShard.get()
        run.skipLimit = 0
        let output = try failure(try run.program())
        #expect(output.contains("damaged.tar, fashion-train-0000"))
    }

    @Test func unknownFieldIsNamedWithItsLine() throws {
        var run = try ClusterRun()
        run.extra = "sead: 9"
        let output = try failure(try run.program())
        #expect(output.contains("sead") && output.contains("plan.yaml:") && output.contains("seed"))
    }

    @Test func aPlanThatDoesNotFitIsRefusedWithTheBytesAndTheSettingThatWould() throws {
        var run = try ClusterRun()
        run.evaluates = true
        try run.write()
        let check = Program("maws", ["plan", "check", run.planPath])
        #expect(try check.run() == 0)
        #expect(check.output.contains("foreseen, trainers: 2") && check.output.contains("mae: a trainer keeps"))
        run.memory = "memory: 100M,"
        try run.write()
        let trainer = try failure(Program("maws", ["plan", "check", run.planPath]))
        #expect(trainer.contains("stage mae") && trainer.contains("bytes") && trainer.contains("`memory` of"))
        run.memory = "server_memory: 1M,"
        try run.write()
        let server = try failure(Program("maws", ["plan", "check", run.planPath]))
        #expect(server.contains("bytes") && server.contains("set `cluster.server_memory` to"))
    }

    @Test func changedPlanIsRefusedWithTheFieldThatChanged() throws {
        var run = try ClusterRun()
        _ = try run.finish()
        run.maeSteps = 5
        let output = try failure(try run.program())
        #expect(output.contains("steps") && output.contains("4") && output.contains("5"))
    }

    /// A learning rate that no weight survives: the second step is not finite, nor is any later one.
    @Test func stepsThatAreNotFiniteAreSkippedAsThePlanAllowsAndThenEndTheRun() throws {
        var run = try ClusterRun()
        run.maeSteps = 8
        run.maeFields = "learning_rate: 1.0e+30, warmup: 0"
        #expect(try failure(try run.program()).contains("stage mae, step 1: the loss of units 0, 1, 2, 3 and 1 more"))
        #expect(run.committedSteps() == 1)
        // Going on with a limit gives the steps that the limit would have given from the start; a kill changes nothing.
        run.maeFields += ", skip_nonfinite: 3"
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 2, of: program)
        kill(program.pid, SIGKILL)
        _ = try program.wait()
        let output = try failure(try run.program())
        #expect(output.contains("stage mae, step 4") && output.contains("after 3 skipped steps in a row"))
        #expect(output.contains("the gradient of blocks") && output.contains("skip_nonfinite"))
        let metrics = try String(contentsOfFile: run.runFolder + "/metrics.jsonl", encoding: .utf8).split(
            separator: "\n")
        #expect(metrics.count { $0.contains("\"skipped\":true") } == 3)
    }

    @Test func takenPortIsNamed() throws {
        let run = try ClusterRun()
        let certificates = run.folder + "/certificates"
        try CertificateAuthority.make(folder: certificates, cluster: "test")
        let holder = try Listener(
            host: "127.0.0.1", port: 0, identity: TLSIdentity(folder: certificates, role: .coordinator),
            allowedRoles: [])
        defer { holder.close() }
        let text = try run.plan().replacingOccurrences(
            of: "cluster: {", with: "cluster: {listen: \"127.0.0.1:\(holder.port)\", ")
        try text.write(toFile: run.planPath, atomically: true, encoding: .utf8)
        let output = try failure(Program("maws-coord", ["start", "--plan", run.planPath]))
        #expect(output.contains("127.0.0.1:\(holder.port)") && output.contains("in use"))
    }

    @Test func secondCoordinatorInOneRunFolderIsRefused() throws {
        let run = try ClusterRun()
        let first = try run.program()
        try first.start()
        try run.wait(forSteps: 1, of: first)
        let output = try failure(Program("maws-coord", ["start", "--plan", run.planPath]))
        #expect(output.contains("another coordinator"))
        #expect(try first.wait() == 0)
    }

    @Test func trainerOfAnotherClusterIsRefusedAndTheReasonLogged() throws {
        var run = try ClusterRun()
        run.maeSteps = 400
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 1, of: program)
        let other = run.folder + "/other"
        try CertificateAuthority.make(folder: other, cluster: "other")
        let address = try String(contentsOfFile: run.runFolder + "/coordinator.address", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let stranger = Program(
            "maws-trainer",
            ["--coordinator", address, "--certificates", other, "--threads", "1", "--reconnect-seconds", "2"])
        let output = try failure(stranger)
        #expect(output.contains("refused") || output.contains("certificate"))
        let server = Program(
            "maws-ps",
            [
                "--shard", "0/5", "--coordinator", address, "--certificates", run.runFolder + "/certificates",
                "--state", run.folder + "/state",
            ])
        #expect(try failure(server).contains("2 shards"))
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130)
        let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("certificate") && log.contains("127.0.0.1"))
    }

    /// The trainer that would change the bits is told in what it differs; with `bit_identity: off` it may work.
    @Test(arguments: ["on", "off"])
    func trainerOfAnotherComputeProfileIsRefusedUnlessThePlanAllowsIt(_ bitIdentity: String) throws {
        var run = try ClusterRun()
        (run.maeSteps, run.extra) = (400, "bit_identity: \(bitIdentity)")
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 1, of: program)
        let address = try String(contentsOfFile: run.runFolder + "/coordinator.address", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let kind = ComputeBackend.fastestKind == .onednn ? "reference" : "onednn"
        let trainer = Program(
            "maws-trainer",
            [
                "--coordinator", address, "--certificates", run.runFolder + "/certificates", "--threads", "1",
                "--compute", kind, "--name", "other", "--reconnect-seconds", "2",
            ])
        if bitIdentity == "on" {
            let output = try failure(trainer)
            #expect(output.contains("its backend is \(kind) and not") && output.contains("bit_identity: off"))
            #expect(output.contains("`compute_profile: \(kind); "))
        } else {
            try trainer.start()
            try run.wait(forSteps: run.committedSteps() + 20, of: program)
            #expect(trainer.process.isRunning, "\(trainer.output)")
        }
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130)
        if bitIdentity == "off" { kill(trainer.pid, SIGKILL) }
    }

    /// A trainer is never asked what the run computes with, and steps of two kinds never meet in one run.
    @Test func theRunsComputeProfileIsThePlansFromItsFirstStepOn() throws {
        var run = try ClusterRun()
        (run.maeSteps, run.trainers) = (400, 1)
        let other = ComputeBackend.fastestKind == .onednn ? ComputeKind.reference : .onednn
        let (here, there) = (ComputeBackend.profile(of: ComputeBackend.fastestKind), ComputeBackend.profile(of: other))
        run.extra = "compute_profile: \(there)"
        let refused = try failure(try run.program())
        let machine = "a local run compute on this machine, with `\(here)`, and not with `\(there)`"
        #expect(refused.contains("plan.yaml:") && refused.contains(machine), "\(refused)")
        run.extra = "compute_profile: \(here)"
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 1, of: program)
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130)
        run.extra = "compute_profile: \(there)"
        let changed = try failure(try run.program())
        #expect(changed.contains(machine), "\(changed)")
    }

    @Test func unreachableCoordinatorIsNamed() throws {
        let folder = try TestData.freshFolder() + "/certificates"
        try CertificateAuthority.make(folder: folder, cluster: "test")
        let trainer = Program(
            "maws-trainer",
            ["--coordinator", "127.0.0.1:1", "--certificates", folder, "--threads", "1", "--reconnect-seconds", "1"])
        #expect(try failure(trainer).contains("127.0.0.1:1"))
        let status = Program("maws-coord", ["status", "--coordinator", "127.0.0.1:1", "--certificates", folder])
        #expect(try failure(status).contains("127.0.0.1:1"))
    }

    @Test func statusOfARunningClusterNamesEveryPeer() throws {
        var run = try ClusterRun()
        run.maeSteps = 400
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 2, of: program)
        let status = Program("maws-coord", ["status", "--run", run.runFolder])
        #expect(try status.run() == 0)
        for name in ["server-0", "server-1", "trainer-0", "trainer-1", "mae"] { #expect(status.output.contains(name)) }
        kill(program.pid, SIGTERM)
        #expect(try program.wait() == 130)
    }
}
