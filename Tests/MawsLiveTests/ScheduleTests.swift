import Foundation
import MawsLive
import Testing

@Suite struct ScheduleTests {
    private func read(_ text: String) throws -> Schedule {
        let path = NSTemporaryDirectory() + "schedule-\(UUID().uuidString).yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            return try ScheduleReader(file: path, servers: 2, trainers: 1).read()
        } catch let error as LiveError {
            throw Told(sentence: "\(error)".replacingOccurrences(of: path, with: "s.yaml"))
        }
    }

    private struct Told: Error, Equatable { var sentence: String }

    @Test func faultsHaveTheirMoments() throws {
        let schedule = try read(
            """
            faults:
              - {at: 3s, fault: pause, target: trainer-0, seconds: 30}
              - {at: mae step 18 40%, fault: kill, target: server-1, seconds: 0.5}
              - {at: wsp step 2, fault: half-open, target: trainers/server-0}
            """)
        #expect(
            schedule.entries == [
                .init(.seconds(3), Fault(.pause, .process(.trainer(0)), seconds: 30)),
                .init(.step(stage: "mae", step: 18, share: 0.4), Fault(.kill, .process(.server(1)), seconds: 0.5)),
                .init(.step(stage: "wsp", step: 2, share: 0), Fault(.halfOpen, .link(.toServer(0)), seconds: 0)),
            ])
    }

    @Test(arguments: [
        ("faults: []", "s.yaml:1: expected a map with a list `faults` and nothing else."),
        ("faults:\n  - {at: 1s, fault: kill, target: server-2, seconds: 1}", "s.yaml:2: the run has 2 servers"),
        ("faults:\n\n  - {at: 1s, fault: eat, target: server-0}", "s.yaml:3: `fault` is one of kill, terminate"),
        ("faults:\n  - {at: soon, fault: cut, target: server-0}", "s.yaml:2: `at` is a time after the first commit"),
        ("faults:\n  - {at: 1s, fault: cut, target: server-0, seconds: 1}", "s.yaml:2: `cut` is over at once"),
        ("faults:\n  - {at: 1s, fault: disk-full, target: trainer-0, seconds: 1}", "s.yaml:2: there is no fault"),
        ("faults:\n  - {at: 1s, fault: kill, target: server-0, second: 1}", "s.yaml:2: there is no field `second`"),
        ("faults:\n  - {at: 1s, fault: kill, target: server-00, seconds: 1}", "s.yaml:2: `target` is coordinator"),
        ("faults: [", "s.yaml:"),
    ])
    func aWrongScheduleIsToldWithItsLine(_ text: String, _ sentence: String) {
        #expect {
            try read(text)
        } throws: {
            ($0 as? Told)?.sentence.hasPrefix(sentence) == true
        }
    }

    @Test func aStepsFaultWaitsForItsShareOfTheStep() {
        var progress = Progress()
        let moment = FaultMoment.step(stage: "wsp", step: 1, share: 0.5)
        (progress.seconds, progress.newest) = (9, CommitKey(stage: "wsp", step: 0))
        (progress.committed, progress.shareOfStep) = (["mae": 4, "wsp": 1], 0.4)
        #expect(!progress.hasReached(moment))
        progress.shareOfStep = 0.6
        #expect(progress.hasReached(moment))
        (progress.committed["wsp"], progress.shareOfStep) = (2, 0)
        #expect(progress.hasReached(moment), "a moment that was not seen is not waited for")
    }

    @Test func theSameSeedDrawsTheSameFaultsAndEachFitsItsTarget() {
        func faults(_ seed: UInt64) -> [Fault] {
            let source = FaultSource.random(
                200, seed: seed, kinds: FaultKind.allCases, secondsMax: 1, pause: .commits(3), servers: 2, trainers: 2)
            guard case .sequence(let faults, _, _) = source else { return [] }
            return faults
        }
        #expect(faults(3) == faults(3))
        #expect(faults(3) != faults(4))
        #expect(faults(3).allSatisfy { $0.kind.applies(to: $0.target) })
        #expect(Set(faults(3).map(\.kind)).count == FaultKind.allCases.count)
    }
}
