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
        try compare(set, layer, .bfloat16, tolerance: HalfRounding.bound(roundings: 12))
    }

    private func compare(_ set: String, _ layer: String, _ element: ElementType, tolerance: Double) throws {
        let (backend, file) = (try backend(set), try LayerFixture(layer))
        let (queries, keys) = (try file.shape("query"), try file.shape("key"))
        let (batch, tokens, row) = (keys[0], keys[1], keys[2] * keys[3])
        let shape = AttentionShape(
            batch: batch, tokens: tokens, heads: keys[2], headWidth: keys[3], rowStride: row, queries: queries[1])
        let valid = layer == "attention.padded" ? [19, 7] : nil
        let memory = Workspace()
        func convert(_ values: FloatSlice) -> ActivationSlice {
            let slice = memory.take(values.count, element)
            backend.convert(slice, values)
            return slice
        }
        let query = convert(try spread(file.slice("query"), shape))
        let (key, value) = (convert(try file.slice("key")), convert(try file.slice("value")))
        let dy = convert(try file.slice("dy"))
        let (y, logSums) = (memory.take(dy.count, element), zeroSlice(shape.logSumCount))
        let gradients = (0..<3).map { _ in convert(zeroSlice(key.count)) }
        backend.attentionForward(y, logSums, query: query, key: key, value: value, validTokens: valid, shape)
        backend.attentionBackward(
            dQuery: gradients[0], dKey: gradients[1], dValue: gradients[2], dy, logSums, query: query, key: key,
            value: value, validTokens: valid, shape)
        let dAsked = (0..<batch).flatMap { gradients[0].part($0 * tokens * row, queries[1] * row).array }
        #expect(relativeError(y.array, try file.values("y")) < tolerance)
        #expect(relativeError(dAsked, try file.values("d.query")) < tolerance)
        #expect(relativeError(gradients[1].array, try file.values("d.key")) < tolerance)
        #expect(relativeError(gradients[2].array, try file.values("d.value")) < tolerance)
    }

    /// The queries in rows of all tokens; those past the last query are never read.
    private func spread(_ asked: FloatSlice, _ shape: AttentionShape) -> FloatSlice {
        let query = zeroSlice(shape.batch * shape.tokens * shape.width)
        let count = shape.queries * shape.width
        for sequence in 0..<shape.batch {
            query.part(sequence * shape.tokens * shape.width, count).copy(from: asked.part(sequence * count, count))
        }
        return query
    }
}
