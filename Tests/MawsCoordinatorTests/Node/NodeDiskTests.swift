import MawsBase
import MawsCoordinator
import MawsFiles
import MawsProtocol
import MawsRecords
import Testing

/// A disk that refuses holds for everybody: the run ends with a sentence, and whatever was written before is whole, so
/// that the next start goes on to the same weights.
struct NodeDiskTests {
    /// A run on a whole disk: what it writes, and what comes of it.
    private func whole() throws -> (writes: [RunWrite], weights: [String], losses: [Double]) {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        _ = try rig.finish()
        return (rig.world.writes, try rig.weights, try rig.metrics.map(\.loss))
    }

    @Test func aRunGoesOnAfterADiskThatRefusedAnyOfItsWrites() throws {
        let (writes, weights, losses) = try whole()
        #expect(Set(writes) == Set(RunWrite.allCases))
        // Every fifth write, those of each kind among them, refused in one way and the other in turn.
        for number in stride(from: 0, to: writes.count, by: 5) {
            let refusal = number % 2 == 0 ? FakeWorld.Refusal.full : .unsure
            let name = "write \(number), \(writes[number]), \(refusal)"
            let rig = try NodeRig()
            try rig.start()
            rig.world.refuse(from: number, refusal)
            rig.joinAll()
            let error = #expect(throws: RunFailure.self, "\(name)") { try rig.finish() }
            let sentence = error?.sentence ?? ""
            #expect(sentence.contains("/fake/"), "\(name): \(sentence)")
            #expect(sentence.contains("Go on with: maws-coord start"), "\(name): \(sentence)")
            try rig.start()
            rig.joinAll()
            #expect(try rig.finish() == .finished, "\(name): \(rig.log)")
            #expect(try rig.weights == weights, "\(name)")
            #expect(try rig.metrics.map(\.loss) == losses, "\(name)")
            #expect(try rig.stages.map(\.stage) == ["mae", "more", "linear"], "\(name)")
        }
    }

    /// Nobody is told of a commit that is not durable.
    @Test func aCommitThatIsNotDurableIsNotApplied() throws {
        let (writes, _, _) = try whole()
        // The first is that of the position; the next of the first commit.
        let first = try #require(writes.indices.filter { writes[$0] == .database }.dropFirst().first)
        let rig = try NodeRig()
        try rig.start()
        rig.world.refuse(from: first, .full)
        rig.joinAll()
        #expect(throws: RunFailure.self) { try rig.finish() }
        #expect(rig.servers.allSatisfy { $0.version == StepIndex(0) })
        #expect(try rig.metrics.isEmpty)
    }
}
