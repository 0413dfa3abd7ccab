import MawsData
import MawsProtocol
import MawsRecords
import MawsReport
import Testing

@Suite struct TableTests {
    private let stages = [
        StageSummary(
            stage: "mae", kind: "mae", steps: 234, seconds: 131.4, images: 119_808, loss: 0.412_345,
            bytesPushed: 6_412_000_000, bytesGathered: 12_824_000_000, accuracy: nil, weightsHash: "ab",
            mfu: 0.4312),
        StageSummary(
            stage: "zeroshot-after-lit", kind: "zeroshot", steps: 1, seconds: 4.21, images: 10_000, loss: nil,
            bytesPushed: 0, bytesGathered: 999_600, accuracy: 0.8123, weightsHash: nil),
    ]

    @Test func resultsLineUpUnderTheirHeadings() {
        let expected = """
            stage               steps    time  images/s     mfu    loss   pushed  gathered   top-1
            ──────────────────  ─────  ──────  ────────  ──────  ──────  ───────  ────────  ──────
            mae                   234  2m 11s       912  43.1 %  0.4123  6.41 GB   12.8 GB       –
            zeroshot-after-lit      1   4.2 s     2,375       –       –        –   1.00 MB  81.2 %
            ──────────────────  ─────  ──────  ────────  ──────  ──────  ───────  ────────  ──────
            total                 235  2m 16s                            6.41 GB   12.8 GB
            """
        #expect(ResultTable.draw(stages) == expected)
    }

    @Test func everyRuleIsAsWideAsTheTable() {
        let lines = ResultTable.draw(stages).split(separator: "\n")
        #expect(
            lines[1].count == lines[0].count && lines[2].count == lines[0].count && lines[4].count == lines[1].count)
        #expect(lines.allSatisfy { $0.last != " " })
    }

    @Test func whatBecameOfTheSamplesIsOneTable() {
        var account = SampleAccount()
        account.take(1200)
        for name in ["a", "b", "c"] { account.add(.incomplete, SampleAccount.noClass, example: name) }
        account.add(.leftOut, "the image is empty", example: "x.tar, 0007")
        account.add(.ignored, "hidden files", count: 2)
        let expected = """
            what became of the samples           for instance
            ────────────────────────────  ─────  ────────────
            taken                         1,200
            taken, but
              without a class                 3  a; b; …
            left out                          1
              the image is empty              1  x.tar, 0007
            ignored, for it is no sample      2
              hidden files                    2
            """
        #expect(SampleTable.draw(account) == expected)
        #expect(SampleTable.draw(SampleAccount()).isEmpty)
    }

    @Test func aRunWithoutFinishedStagesSaysSo() {
        #expect(ResultTable.draw([]) == "No stage is finished yet.")
    }

    @Test func theStatusNamesEveryPeerAndWhoEverybodyWaitsFor() {
        let text = StatusTable.draw(
            LiveLineTests.snapshot(wait: LiveLineTests.unitWait))
        let expected = """
            Run fashion, stage wsp (2 of 5)
            step 58 of 117, loss 2.310, 412 images/s, 1m 20s to the end of the stage

            peer       role     address          doing
            ─────────  ───────  ───────────────  ─────────────────────────────
            server-0   server   127.0.0.1:41001  serves version 57
            server-1   server   127.0.0.1:41002  step 57 reduced
            trainer-0  trainer  127.0.0.1:51820  unit 3 of step 57 since 0.4 s
            trainer-1  trainer  127.0.0.1:51822  away since 3.0 s

            Everybody waits for trainer-0: unit 3 of step 58 since 4.1 s
            """
        #expect(text == expected)
    }

    @Test func theStatusNamesCertificatesAndWarnsOfTheirEnd() {
        var snapshot = LiveLineTests.snapshot()
        snapshot.peers = [
            StatusSnapshot.Peer(
                name: "server-0", role: "server", address: "[::1]:7071", activity: .serves(version: 3),
                certificate: "ps-0", certificateDaysLeft: 12),
            StatusSnapshot.Peer(
                name: "server-1", role: "server", address: "", activity: .away(seconds: 3), isAway: true),
        ]
        snapshot.warnings = ["the server certificate ps-0 of server-0 expires in 12 days"]
        let lines = StatusTable.draw(snapshot).split(separator: "\n")
        #expect(lines.contains("server-0  server  ps-0         [::1]:7071  serves version 3"), "\(lines)")
        #expect(lines.last == "Warning: the server certificate ps-0 of server-0 expires in 12 days.")
    }
}
