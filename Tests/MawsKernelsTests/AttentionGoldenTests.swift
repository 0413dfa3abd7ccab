import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

private let layers = ["attention", "attention.wide", "attention.padded", "attention.class"]

/// Attention against PyTorch in fp64.
@Suite struct AttentionGoldenTests {
    @Test(arguments: instructionSets, layers)
    func attentionEqualsTorch(_ set: String, _ layer: String) throws {
        try compare(set, layer, .float32, tolerance: 1e-6)
    }

    /// Inputs, probabilities, their gradients and the result are rounded once each, and a gradient has up to twelve of
    /// these roundings behind it: three operands of its own product, which were made of rounded ones.
    @Test(arguments: vectorSets, layers)
    func attentionOfBFloat16EqualsTorchUpToItsRoundings(_ set: String, _ layer: String) throws {
        try compare(set, layer, .bfloat16, tolerance: BFloat16Rounding.bound(roundings: 12))
    }

    private func compare(_ set: String, _ layer: String, _ element: ElementType, tolerance: Double) throws {
        let (backend, file) = (try backend(set), try LayerFixture(layer))
        let (queries, keys) = (try file.shape("query"), try file.shape("key"))
        let shape = AttentionShape(
            batch: keys[0], tokens: keys[1], heads: keys[2], headWidth: keys[3], queries: queries[1])
        let valid = layer == "attention.padded" ? [19, 7] : nil
        let memory = Workspace()
        func convert(_ values: FloatSlice) -> ActivationSlice {
            let slice = memory.take(values.count, element)
            backend.convert(slice, values)
            return slice
        }
        let qkv = convert(try joined(file.slice("query"), file.slice("key"), file.slice("value"), shape))
        let dy = convert(try file.slice("dy"))
        let (y, logSumExp) = (memory.take(dy.count, element), zeroSlice(shape.logSumExpCount))
        let dQKV = convert(zeroSlice(qkv.count))
        backend.attentionForward(y, logSumExp, qkv, validTokens: valid, shape)
        backend.attentionBackward(dQKV, dy, logSumExp, qkv, validTokens: valid, shape)
        #expect(relativeError(y.array, try file.values("y")) < tolerance)
        let dQuery = part(0, of: dQKV, tokens: shape.queries, shape)
        #expect(relativeError(dQuery, try file.values("d.query")) < tolerance)
        #expect(relativeError(part(1, of: dQKV, tokens: shape.tokens, shape), try file.values("d.key")) < tolerance)
        #expect(relativeError(part(2, of: dQKV, tokens: shape.tokens, shape), try file.values("d.value")) < tolerance)
    }

    /// [batch, tokens, 3, width] of query [batch, queries, width], key and value [batch, tokens, width]; queries past
    /// the last are never read.
    private func joined(
        _ query: FloatSlice, _ key: FloatSlice, _ value: FloatSlice, _ shape: AttentionShape
    ) -> FloatSlice {
        let (qkv, width) = (zeroSlice(shape.qkvCount), shape.width)
        for (index, (source, tokens)) in [(query, shape.queries), (key, shape.tokens), (value, shape.tokens)]
            .enumerated()
        {
            for sequence in 0..<shape.batch {
                for token in 0..<tokens {
                    qkv.part(((sequence * shape.tokens + token) * 3 + index) * width, width)
                        .copy(from: source.part((sequence * tokens + token) * width, width))
                }
            }
        }
        return qkv
    }

    /// The first tokens of query (0), key (1) or value (2): [batch, tokens, width] of [batch, tokens, 3, width].
    private func part(_ index: Int, of qkv: ActivationSlice, tokens: Int, _ shape: AttentionShape) -> [Float] {
        let values = qkv.array
        return (0..<shape.batch).flatMap { sequence in
            (0..<tokens).flatMap { token in
                let start = ((sequence * shape.tokens + token) * 3 + index) * shape.width
                return values[start..<start + shape.width]
            }
        }
    }
}
