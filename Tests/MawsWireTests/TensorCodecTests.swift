import MawsBase
import MawsCompression
import Testing

struct TensorCodecTests {
    /// Around the size of a chunk, and everything small.
    @Test(arguments: [0, 1, 2, 3, 17, 4096, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 700_000])
    func everyBitSurvives(count: Int) throws {
        let tensor = gradients(count)
        for encoding in TensorEncoding.allCases {
            let coded = encode(tensor, encoding)
            #expect(coded.count <= TensorCodec.payloadLimit(tensorBytes: tensor.count, encoding: encoding))
            #expect(try decode(coded, encoding, count: tensor.count) == tensor)
        }
    }

    @Test func infinitiesAndNumbersThatAreNoneSurvive() throws {
        let patterns: [UInt32] = [0x7FC0_0000, 0x7F80_0001, 0xFF80_0000, 0x8000_0000, 1, 0xFFFF_FFFF]
        let tensor = patterns.flatMap { pattern in withUnsafeBytes(of: pattern.littleEndian, Array.init) }
        for encoding in TensorEncoding.allCases {
            #expect(try decode(encode(tensor, encoding), encoding, count: tensor.count) == tensor)
        }
    }

    @Test func noiseNeverGrowsBeyondTheLimit() {
        var random = CounterRandom(seed: 3, purpose: .test, element: 0)
        let noise = (0..<100_000).map { _ in UInt8(random.below(256)) }
        #expect(
            encode(noise, .fp32Zstd).count <= TensorCodec.payloadLimit(tensorBytes: noise.count, encoding: .fp32Zstd))
    }

    @Test func payloadsOfAnotherSizeAreRefused() {
        for encoding in TensorEncoding.allCases {
            let coded = encode(gradients(1000), encoding)
            for count in [0, 3996, 4004, 1 << 21] {
                #expect(throws: CompressionError.self) { try decode(coded, encoding, count: count) }
            }
        }
    }

    @Test(arguments: [TensorEncoding.fp32Zstd, .fp32Runs])
    func everyTruncatedPayloadIsRefused(encoding: TensorEncoding) {
        let coded = encode(gradients(500), encoding)
        for count in 0..<coded.count {
            #expect(throws: CompressionError.self) {
                try decode(Array(coded.prefix(count)), encoding, count: 2000)
            }
        }
    }

    /// Rows of an embedding table: what is zero does not travel, and negative zeros are no zeros.
    @Test func zerosTakeNoRoom() throws {
        var tensor = [UInt8](repeating: 0, count: 40_000)
        let runs = [(10, gradients(30)), (5000, gradients(4)), (5006, bytes(of: -0.0)), (9999, gradients(1))]
        for (start, values) in runs {
            tensor.replaceSubrange(4 * start..<4 * start + values.count, with: values)
        }
        let coded = encode(tensor, .fp32Runs)
        // The third run is so near the second that a run's head would cost more than the zeros between.
        #expect(coded.count == 8 + 3 * 8 + 4 * (30 + 7 + 1))
        #expect(try decode(coded, .fp32Runs, count: tensor.count) == tensor)
        #expect(encode([UInt8](repeating: 0, count: 4000), .fp32Runs).count == 8)
    }

    @Test(arguments: [TensorEncoding.fp32Zstd, .fp32Runs])
    func mutatedPayloadsNeverTrap(encoding: TensorEncoding) {
        let coded = encode(gradients(500), encoding)
        for round in 0..<3000 {
            var random = CounterRandom(seed: 4, purpose: .test, element: UInt64(round))
            var mutated = coded
            for _ in 0...random.below(4) { mutated[random.below(mutated.count)] = UInt8(random.below(256)) }
            _ = try? decode(mutated, encoding, count: 2000)
        }
    }

    @Test func gradientsBecomeSmaller() throws {
        let tensor = gradients(1 << 22)
        let start = Moment.now()
        let coded = encode(tensor, .fp32Zstd)
        let middle = Moment.now()
        #expect(try decode(coded, .fp32Zstd, count: tensor.count) == tensor)
        let megabytes = Double(tensor.count) / 1e6
        print(
            "fp32-zstd: \(Double(coded.count) / Double(tensor.count)) of the size,",
            "coded at \(megabytes / middle.seconds(since: start)) MB/s,",
            "decoded at \(megabytes / Moment.now().seconds(since: middle)) MB/s")
        #expect(Double(coded.count) < 0.9 * Double(tensor.count))
    }

    private func encode(_ tensor: [UInt8], _ encoding: TensorEncoding) -> [UInt8] {
        tensor.withUnsafeBytes { TensorCodec.encode($0, as: encoding) }
    }

    private func decode(_ payload: [UInt8], _ encoding: TensorEncoding, count: Int) throws -> [UInt8] {
        var tensor = [UInt8](repeating: 0, count: count)
        try payload.withUnsafeBytes { source in
            try tensor.withUnsafeMutableBytes { try TensorCodec.decode(source, as: encoding, into: $0) }
        }
        return tensor
    }

    /// Numbers spread as gradients are: roughly normal, of varying scale.
    private func gradients(_ count: Int) -> [UInt8] {
        var random = CounterRandom(seed: 5, purpose: .test, element: UInt64(count))
        return (0..<count).flatMap { index in
            let sum = (0..<4).reduce(Float(0)) { sum, _ in sum + random.uniform() - 0.5 }
            return bytes(of: sum * (index / 1000 % 2 == 0 ? 1e-3 : 1e-4))
        }
    }
}
