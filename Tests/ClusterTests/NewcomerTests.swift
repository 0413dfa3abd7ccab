import Foundation
import MawsBase
import MawsRecords
import Testing

/// A newcomer's day with the programs as they are installed.
@Suite(.serialized) struct NewcomerTests {
    @Test(arguments: ["maws", "maws-coord", "maws-ps", "maws-trainer", "maws-bench"])
    func everyProgramSaysItsVersionAndBuild(_ name: String) throws {
        let program = Program(name, ["--version"])
        #expect(try program.run() == 0)
        #expect(program.output.contains("\(name) \(MawsVersion.number), build "))
        #expect(program.output.firstMatch(of: /build [0-9a-f]{12}\n/) != nil, "\(program.output)")
    }

    /// All that the plan names is relative to a folder that nobody works in, and gone when the report is made again.
    @Test func aRunWithADataRootEndsWithAReportThatNeedsNoData() throws {
        var run = try ClusterRun()
        run.evaluates = true
        let data = try TestData.packed.get()
        let root = run.folder + "/elsewhere"
        try FileManager.default.createSymbolicLink(atPath: root, withDestinationPath: data)
        try run.plan().replacingOccurrences(of: "\(data)/", with: "")
            .write(toFile: run.planPath, atomically: true, encoding: .utf8)
        let program = Program("maws-coord", ["start", "--plan", run.planPath, "--data-root", root])
        #expect(try program.run() == 0, "\(program.output) \(run.logs())")
        let page = try String(contentsOfFile: run.runFolder + "/report.html", encoding: .utf8)
        #expect(page.contains("Ankle boot") || page.contains("ankle boot"))
        let starts = try RunFolder(run.runFolder).starts()
        #expect(starts.map(\.dataRoot) == [root] && starts.map(\.version) == [MawsVersion.number])
        let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("maws \(MawsVersion.number), build "))
        try FileManager.default.removeItem(atPath: root)
        let report = Program("maws", ["report", run.runFolder])
        #expect(try report.run() == 0)
        #expect(!report.output.contains("lacks"))
        let again = try String(contentsOfFile: run.runFolder + "/report.html", encoding: .utf8)
        #expect(again.components(separatedBy: "<img ").count == page.components(separatedBy: "<img ").count)
    }

    private func log(_ run: ClusterRun, _ process: String) throws -> String {
        try String(contentsOfFile: "\(run.runFolder)/logs/\(process).log", encoding: .utf8)
    }

    @Test func logsAndLinesNameEachStageItsEndAndItsCheckpoints() throws {
        var run = try ClusterRun()
        run.evaluates = true
        let program = try run.program()
        #expect(try program.run() == 0, "\(program.output) \(run.logs())")
        let coordinator = try log(run, "coordinator")
        for line in [
            "stage mae (1 of 5) begins: 4 steps of 80 samples; checkpoint mae-0", "checkpoint mae-2 is complete",
            "stage mae (1 of 5) ended: 4 steps in ", "stage linear (4 of 5) begins: ",
            "stage zeroshot (5 of 5) ended: ",
        ] { #expect(coordinator.contains(line), "\(line)\n\(coordinator)") }
        let trainers = try log(run, "trainer-0") + log(run, "trainer-1")
        #expect(trainers.contains("stage mae: ") && trainers.contains("stage zeroshot: "))
        #expect(!(coordinator + trainers).contains("stage 0"))
        let lines = program.output.split(separator: "\n").map(String.init)
        for (stage, end) in [("mae", "step 4/4"), ("wsp", "step 3/3"), ("linear", "features "), ("zeroshot", "units ")]
        {
            let last = try #require(lines.last { $0.hasPrefix("\(stage)  ") && $0.contains("servers") })
            #expect(last.contains("  \(end)") && !last.contains("waits for"), "\(last)")
        }
        #expect(!lines.contains { $0.hasPrefix("linear  step") || $0.hasPrefix("zeroshot  step") })
    }

    @Test func aStoppedRunSaysWhatIsKeptAndHowToGoOn() throws {
        var run = try ClusterRun()
        run.maeSteps = 400
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 3, of: program)
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130)
        let said = try #require(
            program.output.firstMatch(
                of:
                    /Kept: (\d+) of 400 steps of stage mae \(1 of 3\)\. Newest checkpoint: (\S+)\. Go on with: (.+)/
            ),
            "\(program.output)")
        #expect(program.output.contains("Stopping: ") && program.output.contains("Stopped. Kept: "))
        #expect(said.output.2 == "\(run.runFolder)/checkpoints/mae-\(said.output.1)")
        #expect(FileManager.default.fileExists(atPath: String(said.output.2)))
        #expect(said.output.3.hasSuffix("maws-coord start --plan \(run.planPath)"))
        #expect(run.committedSteps() == Int(said.output.1))
    }

    /// Servers that do not answer keep the first signal's checkpoint from being taken.
    @Test func aSecondSignalEndsAtOnceAndSaysWhatIsKept() throws {
        var run = try ClusterRun()
        run.maeSteps = 400
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 3, of: program)
        let servers = program.children("maws-ps")
        for server in servers { kill(server, SIGSTOP) }
        defer { for server in servers { kill(server, SIGKILL) } }
        kill(program.pid, SIGINT)
        kill(program.pid, SIGTERM)
        #expect(try program.wait() == 130)
        #expect(program.output.contains("Ended at once. Kept: "), "\(program.output)")
        #expect(program.output.contains("Go on with: "))
    }

    @Test func theStartRefusesWhatThePlanCheckRefusesWithTheSameSentences() throws {
        let run = try ClusterRun()
        let text = try run.plan().replacingOccurrences(of: "steps: 3, batch: 80", with: "steps: 3, batch: 160000")
            .replacingOccurrences(of: "cluster: {", with: "cluster: {server_memory: 1M, ")
        try text.write(toFile: run.planPath, atomically: true, encoding: .utf8)
        let check = Program("maws", ["plan", "check", run.planPath])
        let start = Program("maws-coord", ["start", "--plan", run.planPath])
        #expect(try check.run() == 1)
        #expect(try start.run() == 1)
        #expect(check.output == start.output, "\(check.output)\n\(start.output)")
        #expect(check.output.contains("a `batch` of 160000") && check.output.contains("`server_memory`"))
        #expect(!FileManager.default.fileExists(atPath: run.runFolder))
    }

    @Test func aFolderOfOtherThingsIsNotTakenForARun() throws {
        let run = try ClusterRun()
        try FileManager.default.createDirectory(atPath: run.runFolder, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(run.runFolder)/holiday.jpg"))
        let program = try run.program()
        #expect(try program.run() == 1)
        #expect(program.output.contains("is not a run's folder (it holds holiday.jpg)"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: run.runFolder) == ["holiday.jpg"])
    }

    @Test func certificatesThatAreNotThereAreNotMadeInTheirPlace() throws {
        let run = try ClusterRun()
        try run.write()
        let program = Program("maws-coord", ["start", "--plan", run.planPath, "--certificates", "\(run.folder)/certs"])
        #expect(try program.run() == 1)
        #expect(program.output.contains("maws-coord certs --output \(run.folder)/certs"))
        #expect(!FileManager.default.fileExists(atPath: "\(run.folder)/certs"))
    }

    @Test func thePlanCheckSaysWhatTheRunTakesInAll() throws {
        let run = try ClusterRun()
        try run.write()
        let check = Program("maws", ["plan", "check", run.planPath, "--bandwidth", "100M"])
        #expect(try check.run() == 0)
        let output = check.output
        #expect(output.contains("the run: 10 steps in 3 stages; on disk at most "))
        #expect(output.contains("on the wire, at most ") && output.contains("network"))
        for stage in ["mae (1 of 3)", "lit (3 of 3)"] { #expect(output.contains("timing units of stage \(stage)")) }
        let table = try #require(output.range(of: "the run: 10 steps"))
        let timing = try #require(output.range(of: "timing this machine"))
        #expect(table.lowerBound < timing.lowerBound)
    }
}
