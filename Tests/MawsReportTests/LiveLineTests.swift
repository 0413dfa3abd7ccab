import MawsBase
import MawsProtocol
import MawsRecords
import MawsReport
import Testing

@Suite struct LiveLineTests {
    static func snapshot(
        stage: String = "wsp", step: Int = 58, loss: Double? = 2.31, wait: Wait? = nil
    ) -> StatusSnapshot {
        let peers = [
            StatusSnapshot.Peer(
                name: "server-0", role: "server", address: "127.0.0.1:41001", activity: .serves(version: 57)),
            StatusSnapshot.Peer(
                name: "server-1", role: "server", address: "127.0.0.1:41002", activity: .reduced(step: 57)),
            StatusSnapshot.Peer(
                name: "trainer-0", role: "trainer", address: "127.0.0.1:51820",
                activity: .computes(firstUnit: 3, lastUnit: 3, step: 57, seconds: 0.45)),
            StatusSnapshot.Peer(
                name: "trainer-1", role: "trainer", address: "127.0.0.1:51822", activity: .away(seconds: 3),
                isAway: true),
        ]
        return StatusSnapshot(
            run: "fashion", stage: stage, stageIndex: 1, stageCount: 5, step: step, stepCount: 117, loss: loss,
            imagesPerSecond: 412.4, remainingSeconds: 80, peers: peers, wait: wait)
    }

    @Test func aWideTerminalShowsEverything() {
        let line = LiveLine.terminal(Self.snapshot(wait: Self.unitWait), width: 200)
        #expect(
            line == "wsp  step 58/117  loss 2.310  412 images/s  eta 1m 20s  servers 2/2  trainers 1/2"
                + " (waits for trainer-0: unit 3 of step 58 since 4.1 s)")
    }

    @Test func whatIsLeftOfTheRunStandsBesideWhatIsLeftOfTheStage() {
        var snapshot = Self.snapshot()
        snapshot.runRemainingSeconds = 500
        #expect(LiveLine.log(snapshot).contains("  eta 1m 20s, run 8m 20s  "))
        #expect(StatusTable.draw(snapshot).contains("1m 20s to the end of the stage, 8m 20s to the end of the run"))
        snapshot.stageIndex = 4
        #expect(LiveLine.log(snapshot).contains("  eta 1m 20s  "))
    }

    @Test func anEvaluationHasNoSteps() {
        var snapshot = Self.snapshot(stage: "linear", loss: nil)
        snapshot.phase = "features 3/14"
        #expect(LiveLine.log(snapshot).hasPrefix("linear  features 3/14  412 images/s"))
        #expect(StatusTable.draw(snapshot).contains("features 3/14, 412 images/s"))
        #expect(!(LiveLine.log(snapshot) + StatusTable.draw(snapshot)).contains("step 58"))
    }

    static let unitWait = Wait("trainer-0", .unit(3, step: 58), seconds: 4.1)

    @Test(arguments: [nil, unitWait, Wait(String(repeating: "n", count: 64), .unit(3, step: 58), seconds: 4.1)])
    func noLineIsWiderThanItsTerminal(wait: Wait?) {
        for width in 0...220 {
            let line = LiveLine.terminal(Self.snapshot(wait: wait), width: width)
            #expect(line.count <= width)
        }
    }

    @Test func aNarrowTerminalKeepsStageStepAndLoss() {
        #expect(LiveLine.terminal(Self.snapshot(), width: 40).hasPrefix("wsp  step 58/117  loss 2.310"))
    }

    @Test func aPeersWordsDoNotMoveTheCursor() {
        let line = LiveLine.log(
            Self.snapshot(stage: "w\u{1B}[2Jsp", wait: Wait("a\r\nb", .unit(3, step: 58), seconds: 4)))
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test func aTerminalIsRedrawnInPlaceAndEachStageKeepsItsLine() {
        let (display, output) = Self.display(isTerminal: true)
        display.show(Self.snapshot(stage: "mae", step: 1), at: Moment(nanoseconds: 0))
        display.show(Self.snapshot(stage: "mae", step: 2), at: Moment(nanoseconds: 200_000_000))
        display.show(Self.snapshot(stage: "mae", step: 3), at: Moment(nanoseconds: 200_000_001))
        display.show(Self.snapshot(stage: "wsp", step: 0), at: Moment(nanoseconds: 300_000_000))
        display.finish()
        let lines = output.text.split(separator: "\n").map { $0.split(separator: "\r").map { $0.prefix(13) } }
        #expect(lines == [["mae  step 1/1", "mae  step 2/1", "mae  step 3/1"], ["wsp  step 0/1"]])
    }

    @Test func aLogGetsALineNowAndThenAndTheLastOfEachStage() {
        let (display, output) = Self.display(isTerminal: false)
        for second in 0..<12 {
            display.show(
                Self.snapshot(stage: "mae", step: second), at: Moment(nanoseconds: UInt64(second) * 1_000_000_000))
        }
        display.finish()
        let steps = output.text.split(separator: "\n").map { $0.split(separator: " ")[2] }
        #expect(steps == ["0/117", "5/117", "10/117", "11/117"])
        #expect(!output.text.contains("\r") && !output.text.contains("\u{1B}"))
    }

    @Test func aMessageDoesNotTearTheLiveLine() {
        let (display, output) = Self.display(isTerminal: true)
        display.show(Self.snapshot(), at: Moment(nanoseconds: 0))
        display.say("checkpoint written")
        #expect(output.text.contains("\r\u{1B}[Kcheckpoint written\n\rwsp"))
    }

    private final class Output {
        var text = ""
    }

    private static func display(isTerminal: Bool) -> (LiveDisplay, Output) {
        let output = Output()
        return (LiveDisplay(isTerminal: isTerminal, width: { 80 }, write: { output.text += $0 }), output)
    }
}
