/// The size of the difference of two tensors relative to the size of the second: ‖a − b‖ / ‖b‖, in Double.
///
/// Infinity when the counts differ. Where the reference is all zero, the norm of the first.
package func relativeError(_ values: [Float], _ reference: [Float]) -> Double {
    guard values.count == reference.count else { return .infinity }
    var difference = 0.0
    var size = 0.0
    for (value, expected) in zip(values, reference) {
        difference += (Double(value) - Double(expected)) * (Double(value) - Double(expected))
        size += Double(expected) * Double(expected)
    }
    return size == 0 ? difference.squareRoot() : (difference / size).squareRoot()
}
