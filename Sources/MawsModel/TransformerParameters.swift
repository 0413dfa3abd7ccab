import MawsBase

/// Where each parameter lies in a transformer block's flat buffer.
struct TransformerParameters: Sendable {
    let norm1Weight, norm1Bias: Range<Int>
    let qkvWeight, qkvBias: Range<Int>
    let projectionWeight, projectionBias: Range<Int>
    let norm2Weight, norm2Bias: Range<Int>
    let hiddenWeight, hiddenBias: Range<Int>
    let outputWeight, outputBias: Range<Int>

    /// - Parameter block: made by `ImageTowerTable.transformerBlock`, whose order of entries this is.
    init(_ block: ParameterBlock) {
        precondition(block.entries.count == 12, "\(block.name) is not a transformer block")
        let ranges = block.entries.map(\.range)
        (norm1Weight, norm1Bias) = (ranges[0], ranges[1])
        (qkvWeight, qkvBias) = (ranges[2], ranges[3])
        (projectionWeight, projectionBias) = (ranges[4], ranges[5])
        (norm2Weight, norm2Bias) = (ranges[6], ranges[7])
        (hiddenWeight, hiddenBias) = (ranges[8], ranges[9])
        (outputWeight, outputBias) = (ranges[10], ranges[11])
    }
}
