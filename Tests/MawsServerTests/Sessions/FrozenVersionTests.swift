import Foundation
import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A checkpoint of a version that was overwritten since has the bytes that one has which steps wait for.
@Suite(.serialized) struct FrozenVersionTests {
    private let stage = StageIndex(0)
    private let number = RequestNumber(9)

    private func slice(_ block: Int, _ part: WeightPart, step: UInt64 = 1) -> TensorSlice {
        TensorSlice(stage: stage, step: StepIndex(step), block: UInt32(block), part: part)
    }

    /// A shard whose version 1 is frozen, and the bytes of that.
    private func frozen(_ optimizer: SampleOptimizer = .fp32) throws -> (rig: ShardRig, expected: [[UInt8]]) {
        let rig = try ShardRig(SampleModel(optimizer: optimizer))
        try rig.restore()
        try rig.step(0)
        let expected = try rig.snapshot(step: 1)
        #expect(try rig.order(.freeze(number, stage: stage, step: StepIndex(1))) == [])
        return (rig, expected)
    }

    @Test(arguments: SampleOptimizer.allCases, [0.5, 0])
    func itHasTheBytesThatItHadBefore(optimizer: SampleOptimizer, clipScale: Double) throws {
        let (rig, expected) = try frozen(optimizer)
        #expect(try rig.snapshot(step: 1) == expected)
        try rig.step(1, clipScale: clipScale)
        #expect(try rig.snapshot(step: 1) == expected)
        for step in [UInt64(2), 3] { try rig.step(step) }
        #expect(try rig.snapshot(step: 1) == expected && rig.snapshot(step: 4) != expected)
        #expect(try rig.files == ["shard-0-of-1.state"], "copies have no name")
    }

    /// The steps are what they are without it.
    @Test func itChangesNothingOfTheStepsThatFollow() throws {
        let (rig, _) = try frozen()
        for step in [UInt64(1), 2] { try rig.step(step) }
        let other = try ShardRig()
        try other.restore()
        for step in [UInt64(0), 1, 2] { try other.step(step) }
        #expect(try rig.snapshot(step: 3) == other.snapshot(step: 3))
    }

    /// Before and after the copies are made.
    @Test(arguments: [true, false]) func whatTheCheckpointHasIsGoneAndTheRestStays(early: Bool) throws {
        let (rig, expected) = try frozen()
        if !early { try rig.step(1) }
        let kept = rig.sample.parts.filter { $0.block != 2 }
        _ = try rig.answers(to: kept.map { .sliceKept(number, slice($0.block, $0.part)) })
        try rig.step(early ? 1 : 2)
        let answers = try rig.answers(to: rig.sample.parts.map { .snapshot(number, slice($0.block, $0.part)) })
        for ((block, _), (answer, bytes)) in zip(rig.sample.parts, zip(answers, expected)) {
            #expect(answer.message.kind == (block == 2 ? .snapshotSlice : .unavailable))
            if block == 2 { #expect(answer.payload == bytes) }
        }
        #expect(answers.count == expected.count)
        #expect(try rig.order(.thaw(number)) == [])
        let last = try rig.answers(to: [.snapshot(number, slice(2, .slot("exp_avg")))])
        #expect(last.map(\.message.kind) == [.unavailable])
    }

    /// A copy is damaged, or could not be made: the checkpoint is told so, and nobody else notices.
    @Test(arguments: [true, false]) func aCopyThatIsNotToBeBelievedIsNotSent(isDamaged: Bool) throws {
        let (rig, _) = try frozen()
        if !isDamaged {
            try FileManager.default.createDirectory(atPath: rig.frozenPath, withIntermediateDirectories: false)
        }
        try rig.step(1)
        if isDamaged { try damageCopies() }
        let wanted = slice(1, isDamaged ? .weight : .slot("exp_avg"))
        guard case .unavailable(_, let reason)? = try rig.answers(to: [.snapshot(number, wanted)]).first?.message
        else { return #expect(Bool(false), "it is sent") }
        #expect(reason.contains(isDamaged ? "the copy of the weight of block block.0" : rig.frozenPath), "\(reason)")
        try rig.step(2)
        let other = try ShardRig()
        try other.restore()
        for step in [UInt64(0), 1, 2] { try other.step(step) }
        #expect(try rig.snapshot(step: 3) == other.snapshot(step: 3))
    }

    /// The file has no name; this process has it open.
    private func damageCopies() throws {
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        let copies = descriptors.filter { number in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target?.hasSuffix(".frozen (deleted)") == true
        }
        #expect(!copies.isEmpty)
        for number in copies {
            let file = try #require(FileHandle(forUpdatingAtPath: "/proc/self/fd/\(number)"))
            try file.seek(toOffset: 40)
            try file.write(contentsOf: Data([0xA5, 0x5A]))
            try file.close()
        }
    }

    /// Whoever is coordinator now has asked for nothing yet.
    @Test func anotherConnectionOfTheCoordinatorEndsIt() throws {
        let (rig, _) = try frozen()
        try rig.step(1)
        _ = try rig.greet()
        let answers = try rig.answers(to: [.snapshot(number, slice(1, .slot("exp_avg")))])
        #expect(answers.map(\.message.kind) == [.unavailable])
    }
}
