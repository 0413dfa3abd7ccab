import Foundation
import Testing

/// The rig itself: real processes behind its proxies, faults that a seed draws, an undisturbed run beside it.
@Suite struct LiveRigTests {
    @Test func fiftyRandomFaultsLeaveEveryBitAsItIs() throws {
        var run = try ClusterRun()
        // Room for all of them however fast the machine is: a fault takes 12 commits and 2 more at most.
        (run.maeSteps, run.wspSteps, run.checkpointSteps) = (400, 320, 20)
        try run.write()
        let output = run.folder + "/faults"
        let rig = Program(
            "maws-rig",
            [
                "live", "--plan", run.planPath, "--output", output, "--random", "50", "--seed", "5", "--seconds", "0.6",
                "--between", "2", "--stall", "300",
            ])
        let code = try rig.run(timeoutSeconds: 1500)
        #expect(code == 0, "\(rig.output)")
        #expect(rig.output.contains("figure=live-faults-survived value=50 unit=faults goal=50"))
        #expect(rig.output.contains("figure=live-commits-lost value=0"))
        let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
        #expect(page.contains("Every bit is the undisturbed run’s"))
        #expect(Program.processes { $0.command.contains(output) }.isEmpty, "what the rig started is gone")
    }

    @Test func aRunThatEndsBeforeItsFaultsFails() throws {
        let run = try ClusterRun()
        try run.write()
        let schedule = run.folder + "/schedule.yaml"
        try "faults:\n  - {at: mae step 900, fault: kill, target: server-0, seconds: 1}\n".write(
            toFile: schedule, atomically: true, encoding: .utf8)
        let rig = Program(
            "maws-rig", ["live", "--plan", run.planPath, "--output", run.folder + "/faults", "--schedule", schedule])
        #expect(try rig.run() == 1)
        #expect(rig.output.contains("the run ended before 1 of its faults could happen"))
    }
}
