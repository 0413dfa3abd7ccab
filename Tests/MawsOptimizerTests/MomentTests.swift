import CVectorLoops
import Foundation
import MawsBase
import MawsOptimizer
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct MomentTests {
    /// The parameters of Scripts/golden-moments.py, whose ends are no multiples of a group's length.
    private static let block: ParameterBlock = {
        var builder = BlockBuilder("block")
        builder.add("weight", [300], decays: true, .zeros)
        builder.add("bias", [77], decays: false, .zeros)
        builder.add("other", [523], decays: true, .zeros)
        return builder.build()
    }()

    private let optimizer = WeightUpdate(
        OptimizerConfiguration(.adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), weightDecay: 0.1, seed: 11),
        stage: StageIndex(2))

    private func golden() throws -> GoldenTensors {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        return try GoldenTensors(contentsOf: folder.appendingPathComponent("moments.safetensors"))
    }

    private func trained(_ moments: MomentEncoding, sliceLength: Int? = nil) throws -> TestState {
        let golden = try golden()
        var state = TestState(
            Self.block, slots: WeightSlot.adamw(moments), weights: try golden.floats("initial"))
        for step in 0..<3 {
            state.update(
                optimizer, step: step, rate: 1e-2, try golden.floats("gradient.\(step)"), sliceLength: sliceLength)
        }
        return state
    }

    @Test func mapsAreThoseOfBitsandbytes() throws {
        let golden = try golden()
        #expect(try DynamicMap.signed.values == golden.floats("signed"))
        #expect(try DynamicMap.unsigned.values == golden.floats("unsigned"))
    }

    @Test func threeStepsWithEightBitMomentsAreNumpysToTheBit() throws {
        let golden = try golden()
        let state = try trained(.int8)
        #expect(try state.weights == golden.floats("int8.weight"))
        for (bytes, name) in [(state.bytes("exp_avg"), "first"), (state.bytes("exp_avg_sq"), "second")] {
            let scales = try golden.floats("int8.\(name).scales")
            #expect(bytes.prefix(4 * scales.count).elementsEqual(scales.withUnsafeBytes(Array.init)))
            let codes = try golden.floats("int8.\(name).codes").map { UInt8($0) }
            #expect(Array(bytes.dropFirst(4 * scales.count)) == codes)
        }
    }

    @Test func threeStepsWithHalfPrecisionMomentsAreNumpysToTheBit() throws {
        let golden = try golden()
        let state = try trained(.bf16)
        #expect(try state.weights == golden.floats("bf16.weight"))
        #expect(try state.decoded("exp_avg") == golden.floats("bf16.first"))
        #expect(try state.decoded("exp_avg_sq") == golden.floats("bf16.second"))
    }

    @Test(arguments: [(MomentEncoding.bf16, 1), (.bf16, 7), (.bf16, 256), (.int8, 256), (.int8, 512)])
    func cutOfTheBlockDoesNotChangeABit(moments: MomentEncoding, sliceLength: Int) throws {
        #expect(try trained(moments, sliceLength: sliceLength) == trained(moments))
    }

    /// A value between two bfloat16 numbers becomes one or the other, and on average stays what it is.
    @Test func roundingIsUnbiased() {
        let count = 1 << 16
        var builder = BlockBuilder("block")
        builder.add("weight", [count], decays: false, .zeros)
        let block = builder.build()
        for gradient in [Float(1.2345), -0.7654321, 3.1e-5] {
            var state = TestState(
                block, slots: WeightSlot.adamw(.bf16), weights: [Float](repeating: 0, count: count))
            state.update(optimizer, step: 0, rate: 0, [Float](repeating: gradient, count: count))
            let exact = [
                ("exp_avg", gradient * Float(1 - 0.9)),
                ("exp_avg_sq", (gradient * Float(1 - 0.95)) * gradient),
            ]
            for (slot, value) in exact {
                let values = state.decoded(slot)
                let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
                let above = Float(bitPattern: below.bitPattern + 0x1_0000)
                #expect(Set(values) == [below, above])
                let mean = values.reduce(0.0) { $0 + Double($1) } / Double(count)
                // Five standard deviations of the mean of as many throws of a coin.
                let tolerance = 5 * Double(abs(above - below)) * 0.5 / Double(count).squareRoot()
                #expect(abs(mean - Double(value)) < tolerance)
            }
        }
    }

    /// Changes of less than half a unit in the last place add up on average; rounding to the nearest would lose them.
    @Test func smallChangesAreNotLost() {
        let count = 4096
        var builder = BlockBuilder("block")
        builder.add("weight", [count], decays: false, .zeros)
        let slow = WeightUpdate(
            OptimizerConfiguration(.adamw(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), weightDecay: 0, seed: 3))
        var state = TestState(
            builder.build(), slots: WeightSlot.adamw(.bf16), weights: [Float](repeating: 0, count: count))
        for step in 0..<300 { state.update(slow, step: step, rate: 0, [Float](repeating: 1, count: count)) }
        let mean = state.decoded("exp_avg_sq").reduce(0.0) { $0 + Double($1) } / Double(count)
        let exact = 1 - Foundation.pow(0.999, 300.0)
        #expect(abs(mean / exact - 1) < 0.002)
    }

    @Test func everyNumberBecomesTheNearestOfItsMap() {
        var random = CounterRandom(seed: 5, purpose: .test, element: 0)
        for (map, sign) in [(DynamicMap.signed, Float(1)), (.unsigned, 0)] {
            #expect(map.values.count == 256 && map.values == map.values.sorted())
            // Over seven decades, with 1 first: it is the group's scale.
            var numbers: [Float] = [1]
            while numbers.count < 256 {
                let magnitude = Float(Foundation.pow(10.0, -7 * random.uniformDouble()))
                numbers.append(random.uniform() < 0.5 * sign ? -magnitude : magnitude)
            }
            for (number, code) in zip(numbers, encoded(numbers, isSecond: sign == 0)) {
                let nearest = map.values.map { abs($0 - number) }.min()
                #expect(abs(map.values[Int(code)] - number) == nearest)
            }
        }
    }

    /// The codes of numbers whose largest is 1: a step with beta 0 keeps the gradient itself, or its square.
    private func encoded(_ numbers: [Float], isSecond: Bool) -> [UInt8] {
        var builder = BlockBuilder("block")
        builder.add("weight", [256], decays: false, .zeros)
        var state = TestState(builder.build(), slots: WeightSlot.adamw(.int8), weights: numbers)
        let plain = WeightUpdate(
            OptimizerConfiguration(.adamw(beta1: 0, beta2: isSecond ? 0 : 0.5, epsilon: 1), weightDecay: 0))
        state.update(plain, step: 0, rate: 0, isSecond ? numbers.map { $0.squareRoot() } : numbers)
        return Array(state.bytes(isSecond ? "exp_avg_sq" : "exp_avg").dropFirst(4))
    }

    /// Servers of one run may be machines of several kinds.
    @Test(arguments: MomentEncoding.allCases) func everyInstructionSetGivesTheSameBits(moments: MomentEncoding) throws {
        let names: [String] = ["baseline", "avx2", "avx512"]
        let results = try names.compactMap { name in
            try maws_update_loops_named(name).map { try stepBy($0.pointee, moments) }
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(results[0].contains { $0 != 0 })
    }

    /// Weights, moments, a sum and its squares after one call of each loop, over a count that fills no vector.
    private func stepBy(_ loops: MawsUpdateLoops, _ moments: MomentEncoding) throws -> [UInt32] {
        let golden = try golden()
        let (weights, gradient) = (try golden.floats("initial"), try golden.floats("gradient.1"))
        let count = weights.count - 3
        var next = gradient
        var first = try golden.floats("gradient.0")
        var second = first.map { $0 * $0 }
        var (firstScales, secondScales): ([Float], [Float]) = ([0.5, 0.25, 1, 2], [0.125, 0.5, 1, 3])
        let adamw = MawsAdamW(
            clip: 0.7, keep: 0.999, first_gain: 0.1, second_keep: 0.95, second_gain: 0.05, root_correction: 0.3,
            step_size: -0.01, epsilon: 1e-8)
        let maps = [DynamicMap.signed, .unsigned].map(\.loopTable)
        first.withUnsafeMutableBytes { first in
            second.withUnsafeMutableBytes { second in
                let (first, second) = (first.baseAddress!, second.baseAddress!)
                switch moments {
                case .fp32:
                    loops.adamw(
                        &next, weights, gradient, first.assumingMemoryBound(to: Float.self),
                        second.assumingMemoryBound(to: Float.self), adamw, count)
                case .bf16:
                    loops.adamw_bf16(
                        &next, weights, gradient, first.assumingMemoryBound(to: UInt16.self),
                        second.assumingMemoryBound(to: UInt16.self), adamw, [1, 2], 3, 4, 5, count)
                case .int8:
                    loops.adamw_int8(
                        &next, weights, gradient, first.assumingMemoryBound(to: UInt8.self),
                        second.assumingMemoryBound(to: UInt8.self), &firstScales, &secondScales, adamw, maps[0],
                        maps[1], 7,
                        count)
                }
            }
        }
        loops.add(&next, weights, count)
        let squares = loops.squares(next, count).bitPattern
        return (next + first + second + firstScales + secondScales).map(\.bitPattern)
            + [UInt32(truncatingIfNeeded: squares), UInt32(truncatingIfNeeded: squares >> 32)]
    }

    @Test func slicesOfAnyShardsMakeUpTheBlock() {
        var builder = BlockBuilder("block")
        for (index, size) in [9000, 5, 1, 4091, 7777, 300].enumerated() {
            builder.add("p\(index)", [size], decays: true, .zeros)
        }
        let block = builder.build()
        for encoding in SlotEncoding.allCases {
            let layout = SlotLayout(block, encoding)
            let whole = layout.byteCount(0..<block.count)
            for count in 1...4 {
                let slices = (0..<count).map {
                    ShardLayout(blockCounts: [block.count], shard: ShardIdentity(index: $0, count: count)).slices[0]
                }
                #expect(slices.reduce(0) { $0 + layout.byteCount($1) } == whole)
                let bytes = slices.flatMap { slice in
                    let all = 0..<block.count
                    return [layout.scaleBytes(of: slice, in: all), layout.codeBytes(of: slice, in: all)]
                }
                let sorted = bytes.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
                #expect(sorted.first?.lowerBound == 0 && sorted.last?.upperBound == whole)
                #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
            }
        }
    }
}
