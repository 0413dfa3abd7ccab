import Foundation
import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsFiles
import MawsProtocol
import Testing

/// The checkpoint that a stage starts from is a function of the plan and of the stage before.
struct StagePreparationTests {
    private func values(_ checkpoint: Checkpoint, _ part: WeightPart = .weight) throws -> [[Float]] {
        try checkpoint.header.table.blocks.enumerated().filter { $0.element.parts.contains(part) }.map { index, block in
            var values = [Float](repeating: -1, count: block.count)
            try values.withUnsafeMutableBytes {
                try checkpoint.read(part, block: index, range: 0..<block.count, into: $0)
            }
            return values
        }
    }

    @Test func theFirstStageBeginsWithInitialWeightsAndSlotsOfZero() throws {
        let run = try RunFixture()
        let checkpoint = try run.preparation().prepare(StageIndex(0))
        try checkpoint.verify()
        #expect(checkpoint.header.name == "mae-0" && checkpoint.header.runID == "run")
        let weights = try values(checkpoint)
        #expect(weights.joined().allSatisfy(\.isFinite) && Set(weights.joined()).count > 100)
        #expect(try values(checkpoint, .slot("exp_avg")).joined().allSatisfy { $0 == 0 })
        // Made again, after it was damaged, it has the same bits.
        try run.damage("\(run.paths.checkpoints)/mae-0/weights.safetensors")
        #expect(try values(run.preparation().prepare(StageIndex(0))) == weights)
        let other = try RunFixture(seed: 4)
        let others = try values(other.preparation().prepare(StageIndex(0)))
        #expect(others != weights && other.folder != run.folder)
    }

    @Test(arguments: [true, false])
    func aSourceThatIsDamagedOrGoneIsItsStagesToRepair(isThere: Bool) throws {
        let run = try RunFixture()
        if isThere {
            try run.writeCheckpoint(1, 4)
            try run.damage("\(run.paths.checkpoints)/more-4/weights.safetensors")
        }
        let error = #expect(throws: DamagedSource.self) { try run.preparation().prepare(StageIndex(2)) }
        #expect(error?.stage == StageIndex(1))
        #expect(error?.sentence.contains("stage linear cannot start from the final checkpoint of more") == true)
        #expect(try run.store.folders().contains("linear-0") == false)
        #expect(try Folder.names(in: run.paths.checkpoints).allSatisfy { !$0.hasSuffix(".partial") })
    }

    /// An evaluation computes with all parameters of its source: initial ones in their place would be a silent lie.
    @Test func anEvaluationStartsFromTheFrozenTowerOfItsSource() throws {
        let run = try RunFixture()
        try run.writeCheckpoint(1, 4, value: 0.5)
        let checkpoint = try run.preparation().prepare(StageIndex(2))
        #expect(try values(checkpoint).joined().allSatisfy { $0 == 0.5 })
        #expect(checkpoint.header.table.blocks.allSatisfy { !$0.isTrainable })
    }

    /// What is trained is taken from the average, what is frozen as it is: it has none.
    @Test func aStageThatTakesTheAverageStartsFromIt() throws {
        let run = try RunFixture(ema: true)
        let header = run.preparation().header(StageIndex(1), step: StepIndex(4), computeProfile: "kept")
        let writer = try run.store.begin(header)
        for (index, block) in header.table.blocks.enumerated() {
            for part in block.parts {
                let values = [Float](repeating: part == .slot("ema") ? 0.25 : 0.5, count: block.count)
                try values.withUnsafeBytes { try writer.write(part, block: index, range: 0..<block.count, bytes: $0) }
            }
        }
        _ = try writer.finish()
        let checkpoint = try run.preparation().prepare(StageIndex(2))
        let source = Dictionary(
            header.table.blocks.flatMap { block in block.entries.map { ($0.name, block.isTrainable) } },
            uniquingKeysWith: { first, _ in first })
        for (block, values) in zip(checkpoint.header.table.blocks, try values(checkpoint)) {
            for entry in block.entries {
                let expected: Float = source[entry.name] == true ? 0.25 : 0.5
                #expect(values[entry.range].allSatisfy { $0 == expected }, "\(entry.name)")
            }
        }
        // What the weights were computed with goes along.
        #expect(checkpoint.header.computeProfile == "kept")
    }
}
