import CVectorLoops
import Foundation
import MawsBase
import MawsOptimizer
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct SGDTests {
    enum Kind: String, CaseIterable {
        case plain, momentum, nesterov

        var optimizer: OptimizerConfiguration {
            OptimizerConfiguration(
                .sgd(momentum: self == .plain ? 0 : 0.9, isNesterov: self == .nesterov), weightDecay: 0.1,
                average: AverageConfiguration(decay: 0.75))
        }
    }

    /// The parameters of Scripts/golden-sgd-ema.py.
    private let block: ParameterBlock = {
        var builder = BlockBuilder("block")
        builder.add("weight", [7, 11], decays: true, .zeros)
        builder.add("bias", [13], decays: false, .zeros)
        builder.add("scaled", [5, 9], decays: true, .zeros)
        var block = builder.build()
        block.entries[2].learningRateScale = 0.65
        return block
    }()

    private func golden() throws -> GoldenTensors {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        return try GoldenTensors(contentsOf: folder.appendingPathComponent("sgd-ema.safetensors"))
    }

    @Test(arguments: Kind.allCases) func tenStepsAndTheirAverageAgreeWithTorchAndTimm(kind: Kind) throws {
        let golden = try golden()
        let rates = try golden.floats("rates")
        let optimizer = kind.optimizer
        var state = TestState(
            block, slots: optimizer.slots(moments: .fp32), weights: try golden.floats("initial"))
        for step in 0..<10 {
            let gradient = try golden.floats("gradient.\(step)")
            let norm = Double(try golden.scalar("norm.\(step)"))
            state.update(
                WeightUpdate(optimizer), step: step, rate: Double(rates[step]),
                clip: GradientNorm.clipScale(norm: norm, clipNorm: 1), gradient)
            #expect(relativeError(state.weights, try golden.floats("\(kind).weight.\(step)")) < 1e-6)
            #expect(relativeError(state.decoded("ema"), try golden.floats("\(kind).ema.\(step)")) < 1e-6)
            if step == 0 { #expect(state.decoded("ema") == state.weights, "timm's first update copies") }
        }
        let buffer = state.decoded("momentum_buffer")
        #expect(buffer.isEmpty == (kind == .plain))
        if kind != .plain {
            #expect(relativeError(buffer, try golden.floats("\(kind).momentum_buffer")) < 1e-6)
        }
    }

    @Test func warmUpIsTimms() throws {
        let golden = try golden()
        let ema = WeightAverage(decay: 0.9999, warmsUp: true)
        for (count, decay) in zip(try golden.floats("warmup.counts"), try golden.floats("warmup.decays")) {
            // timm counts the update that it is at.
            let step = StepIndex(UInt64(max(0, count - 1)))
            #expect(Float(ema.decay(at: step)) == decay, "after \(count) updates")
        }
        // The weights of the steps before are the golden ones: at a rate of 0 a step keeps them.
        let warm = WeightUpdate(
            OptimizerConfiguration(
                .sgd(momentum: 0, isNesterov: false), weightDecay: 0,
                average: AverageConfiguration(decay: 0.75, warmsUp: true)))
        let slots = [WeightSlot(WeightSlot.averageName, .fp32, .weightAverage)]
        var state = TestState(block, slots: slots, weights: try golden.floats("initial"))
        for step in 0..<10 {
            state.weights = try golden.floats("momentum.weight.\(step)")
            state.update(warm, step: step, rate: 0, [Float](repeating: 0, count: block.count))
            #expect(relativeError(state.decoded("ema"), try golden.floats("warmup.ema.\(step)")) < 1e-6)
        }
    }

    // MARK: - Momentum in fewer bits

    /// The parameters of Scripts/golden-moments.py, whose ends are no multiples of a group's length.
    private static let encodedBlock: ParameterBlock = {
        var builder = BlockBuilder("block")
        builder.add("weight", [300], decays: true, .zeros)
        builder.add("bias", [77], decays: false, .zeros)
        builder.add("other", [523], decays: true, .zeros)
        return builder.build()
    }()

    private func trained(_ moments: MomentEncoding, sliceLength: Int? = nil) throws -> TestState {
        let golden = try golden()
        let nesterov = OptimizerConfiguration(
            .sgd(momentum: 0.9, isNesterov: true), weightDecay: 0.1, average: AverageConfiguration(decay: 0.9),
            seed: 11)
        var state = TestState(
            Self.encodedBlock, slots: nesterov.slots(moments: moments), weights: try golden.floats("encoded.initial"))
        for step in 0..<3 {
            state.update(
                WeightUpdate(nesterov, stage: StageIndex(2)), step: step, rate: 1e-2,
                try golden.floats("encoded.gradient.\(step)"), sliceLength: sliceLength)
        }
        return state
    }

    @Test func threeStepsWithEightBitMomentumAreNumpysToTheBit() throws {
        let golden = try golden()
        let state = try trained(.int8)
        #expect(try state.weights == golden.floats("int8.weight"))
        let scales = try golden.floats("int8.scales")
        #expect(
            state.bytes("momentum_buffer").prefix(4 * scales.count).elementsEqual(scales.withUnsafeBytes(Array.init)))
        #expect(
            Array(state.bytes("momentum_buffer").dropFirst(4 * scales.count))
                == (try golden.floats("int8.codes").map { UInt8($0) }))
    }

    @Test func threeStepsWithHalfPrecisionMomentumAreNumpysToTheBit() throws {
        let golden = try golden()
        let state = try trained(.bf16)
        #expect(try state.weights == golden.floats("bf16.weight"))
        #expect(try state.decoded("momentum_buffer") == golden.floats("bf16.momentum"))
    }

    @Test(arguments: [(MomentEncoding.fp32, 1), (.fp32, 8), (.bf16, 1), (.bf16, 7), (.int8, 256), (.int8, 512)])
    func cutOfTheBlockDoesNotChangeABit(moments: MomentEncoding, sliceLength: Int) throws {
        #expect(try trained(moments, sliceLength: sliceLength) == trained(moments))
    }

    /// Rows without a gradient of a word table that does not decay keep weights and untouched pages of momentum.
    @Test func momentumOfElementsThatNeverHadAGradientIsNotWritten() throws {
        let (pageBytes, count) = (4096, 2048)
        var builder = BlockBuilder("words")
        builder.add("table", [count], decays: false, .zeros)
        let optimizer = OptimizerConfiguration(.sgd(momentum: 0.9, isNesterov: false), weightDecay: 0.1)
        let table = BlockTable(blocks: [builder.build()], slots: optimizer.slots(moments: .fp32))
        let memory = mmap(nil, 2 * pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        let pages = try #require(memory)
        defer { munmap(pages, 2 * pageBytes) }
        #expect(mprotect(pages + pageBytes, pageBytes, PROT_READ) == 0)
        let weights = FloatBuffer((0..<count).map { 1 + Float($0) / 2048 })
        let gradient = FloatBuffer((0..<count).map { $0 < count / 2 ? 0.5 : 0 })
        let before = weights.array
        WeightUpdate(optimizer).update(
            0, of: table, range: 0..<count, step: StepIndex(0), learningRate: 0.01, clipScale: 1,
            weights: weights.pointer, gradient: gradient.pointer, next: weights.pointer,
            slots: [SlotSlice(table.blocks[0].slots[0], of: table.blocks[0], slice: 0..<count, memory: pages)])
        #expect(Array(weights.array[(count / 2)...]) == Array(before[(count / 2)...]))
        #expect(weights[0] < before[0])
    }

    /// Servers of one run may be machines of several kinds.
    @Test func everyInstructionSetGivesTheSameBits() throws {
        let names: [String] = ["baseline", "avx2", "avx512"]
        let results = try names.compactMap { name in
            try maws_update_loops_named(name).map { try bits(of: $0.pointee) }
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(results[0].contains { $0 != 0 })
    }

    /// After each loop once, over a count that fills no vector.
    private func bits(of loops: MawsUpdateLoops) throws -> [UInt32] {
        let golden = try golden()
        let (weights, gradient) = (try golden.floats("encoded.initial"), try golden.floats("encoded.gradient.1"))
        let count = weights.count - 3
        var results: [Float] = []
        for isNesterov: Int32 in [0, 1] {
            let sgd = MawsSGD(clip: 0.7, decay: 0.01, momentum: 0.9, step_size: -0.01, is_nesterov: isNesterov)
            var (next, buffer) = (gradient, try golden.floats("encoded.gradient.0"))
            loops.sgd(&next, weights, gradient, sgd, count)
            results += next
            loops.sgd_momentum(&next, weights, gradient, &buffer, sgd, count)
            results += next + buffer
            buffer.withUnsafeMutableBytes { bytes in
                loops.sgd_momentum_bf16(
                    &next, weights, gradient, bytes.baseAddress!.assumingMemoryBound(to: UInt16.self), sgd, [1, 2], 3,
                    4, 5, count)
            }
            results += next + buffer
            var scales: [Float] = [0.5, 0.25, 1, 2]
            buffer.withUnsafeMutableBytes { bytes in
                loops.sgd_momentum_int8(
                    &next, weights, gradient, bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), &scales, sgd,
                    DynamicMap.signed.loopTable, 7, count)
            }
            results += next + buffer + scales
        }
        for gain: Float in [1, 0.75, 0.5, 0.25, 1e-4] {
            var average = gradient
            loops.average(&average, weights, gain, count)
            if gain == 1 { #expect(Array(average.prefix(count)) == Array(weights.prefix(count))) }
            results += average
        }
        return results.map(\.bitPattern)
    }
}
