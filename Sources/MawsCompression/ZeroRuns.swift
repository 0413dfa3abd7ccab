/// Tensors most of whose numbers are zero: the runs of the others, and their numbers.
///
/// `elements u32 | runs u32 | for each run: first element u32, length u32 | the runs' numbers, fp32`. Runs ascend and
/// do not overlap. Zero is the number whose bits are all zero: a negative zero is in a run.
enum ZeroRuns {
    static let headerBytes = 8
    static let runBytes = 8

    static func encode(count: Int, _ runs: [(start: Int, values: UnsafeRawBufferPointer)]) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(headerBytes + runs.reduce(0) { $0 + runBytes + $1.values.count })
        append(count, to: &payload)
        append(runs.count, to: &payload)
        for run in runs {
            append(run.start, to: &payload)
            append(run.values.count / 4, to: &payload)
        }
        for run in runs { payload.append(contentsOf: run.values) }
        return payload
    }

    /// The runs of a tensor. Fewer zeros than a run's head has room for do not part two runs.
    static func runs(of tensor: UnsafeRawBufferPointer) -> [(start: Int, values: UnsafeRawBufferPointer)] {
        var runs: [Range<Int>] = []
        for index in 0..<tensor.count / 4 where tensor.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self) != 0 {
            if let last = runs.last, index - last.upperBound <= runBytes / 4 {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs.map { ($0.lowerBound, .init(rebasing: tensor[4 * $0.lowerBound..<4 * $0.upperBound])) }
    }

    static func decode(
        _ payload: UnsafeRawBufferPointer, into tensor: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) {
        var (runs, values) = try parse(payload, count: tensor.count / 4)
        var end = 0
        for run in runs {
            zero(tensor, end..<run.lowerBound)
            UnsafeMutableRawBufferPointer(rebasing: tensor[4 * run.lowerBound..<4 * run.upperBound])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: values[..<(4 * run.count)]))
            values = UnsafeRawBufferPointer(rebasing: values[(4 * run.count)...])
            end = run.upperBound
        }
        zero(tensor, end..<tensor.count / 4)
    }

    /// The runs, all in a tensor of `count` elements, and their numbers, of which there are just enough.
    static func parse(
        _ payload: UnsafeRawBufferPointer, count: Int
    ) throws(CompressionError) -> (runs: [Range<Int>], values: UnsafeRawBufferPointer) {
        guard payload.count >= headerBytes else { throw .damaged(reason: "it ends before its runs") }
        let (elements, runCount) = (number(payload, 0), number(payload, 1))
        guard elements == count else { throw .wrongSize(expectedBytes: 4 * count, foundBytes: 4 * elements) }
        guard runCount <= (payload.count - headerBytes) / runBytes else {
            throw .damaged(reason: "it claims \(runCount) runs")
        }
        var runs: [Range<Int>] = []
        runs.reserveCapacity(runCount)
        var (end, total) = (0, 0)
        for run in 0..<runCount {
            let (start, length) = (number(payload, 2 + 2 * run), number(payload, 3 + 2 * run))
            guard start >= end, length > 0, start + length <= elements else {
                throw .damaged(reason: "run \(run) of \(length) numbers from \(start) on does not fit")
            }
            runs.append(start..<start + length)
            (end, total) = (start + length, total + length)
        }
        let values = UnsafeRawBufferPointer(rebasing: payload[(headerBytes + runCount * runBytes)...])
        guard values.count == 4 * total else {
            throw .damaged(reason: "\(values.count) bytes follow runs of \(total) numbers")
        }
        return (runs, values)
    }

    private static func zero(_ tensor: UnsafeMutableRawBufferPointer, _ elements: Range<Int>) {
        guard !elements.isEmpty else { return }
        (tensor.baseAddress! + 4 * elements.lowerBound).initializeMemory(
            as: UInt8.self, repeating: 0, count: 4 * elements.count)
    }

    private static func append(_ number: Int, to payload: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(number).littleEndian) { payload.append(contentsOf: $0) }
    }

    private static func number(_ payload: UnsafeRawBufferPointer, _ index: Int) -> Int {
        Int(UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
    }
}
