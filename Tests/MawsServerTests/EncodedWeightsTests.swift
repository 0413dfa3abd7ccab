import MawsBase
import MawsServer
import Testing

@Suite struct EncodedWeightsTests {
    private func bytes(_ count: Int, _ value: UInt8 = 0) -> [UInt8] { [UInt8](repeating: value, count: count) }

    @Test func noMoreIsKeptThanTheLimit() {
        var weights = EncodedWeights(limitBytes: 100)
        for block in 0..<5 { weights.keep(block, step: StepIndex(0), bytes(30)) }
        #expect(weights.byteCount == 90)
        #expect((0..<5).map { weights.bytes($0, step: StepIndex(0)) != nil } == [true, true, true, false, false])
    }

    @Test func aNewerVersionTakesThePlaceOfTheOlder() {
        var weights = EncodedWeights(limitBytes: 100)
        weights.keep(0, step: StepIndex(4), bytes(60, 4))
        weights.keep(0, step: StepIndex(5), bytes(70, 5))
        weights.keep(0, step: StepIndex(3), bytes(10, 3))
        #expect(weights.bytes(0, step: StepIndex(4)) == nil)
        #expect(weights.bytes(0, step: StepIndex(5)) == bytes(70, 5))
        #expect(weights.bytes(0, step: nil) == bytes(70, 5))
        #expect(weights.byteCount == 70)
        weights.keep(0, step: StepIndex(6), bytes(101))
        #expect(weights.bytes(0, step: nil) == nil && weights.byteCount == 0)
    }
}
