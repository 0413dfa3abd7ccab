import MawsBase
import MawsKernels

/// Where each parameter lies in a transformer block's flat buffer.
struct TransformerParameters: Sendable {
    /// The norm around attention and the one around the mlp, whose two layers are hidden and output.
    let norm1, norm2: Norm
    let qkv, projection, hidden, output: Linear

    struct Norm: Sendable {
        let weight, bias: Range<Int>
    }

    struct Linear: Sendable {
        let weight: WeightMatrix
        let bias: Range<Int>
    }

    var linears: [Linear] { [qkv, projection, hidden, output] }
    var matrices: [WeightMatrix] { linears.map(\.weight) }

    /// - Parameter image: made by `ImageTowerTable.transformerBlock`, whose order of entries this is.
    init(image block: ParameterBlock) {
        precondition(block.entries.count == 12, "\(block.name) is not an image transformer block")
        let ranges = block.entries.map(\.range)
        norm1 = Norm(weight: ranges[0], bias: ranges[1])
        qkv = Linear(ranges[2], ranges[3])
        projection = Linear(ranges[4], ranges[5])
        norm2 = Norm(weight: ranges[6], bias: ranges[7])
        hidden = Linear(ranges[8], ranges[9])
        output = Linear(ranges[10], ranges[11])
    }

    /// - Parameter text: made by `TextTowerTable`, whose order of entries this is: query, key and value lie back to
    ///   back, weights and biases, so that one matrix product makes all three.
    init(text block: ParameterBlock) {
        precondition(block.entries.count == 16, "\(block.name) is not a text transformer block")
        let ranges = block.entries.map(\.range)
        qkv = Linear(
            ranges[0].lowerBound..<ranges[2].upperBound, ranges[3].lowerBound..<ranges[5].upperBound)
        projection = Linear(ranges[6], ranges[7])
        norm1 = Norm(weight: ranges[8], bias: ranges[9])
        hidden = Linear(ranges[10], ranges[11])
        output = Linear(ranges[12], ranges[13])
        norm2 = Norm(weight: ranges[14], bias: ranges[15])
    }
}

extension TransformerParameters.Linear {
    fileprivate init(_ weight: Range<Int>, _ bias: Range<Int>) {
        self.weight = WeightMatrix(weight, outputs: bias.count, inputs: weight.count / bias.count)
        self.bias = bias
    }
}
