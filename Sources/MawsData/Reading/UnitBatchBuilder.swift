import MawsImages
import MawsPlan
import MawsTensor

/// Collects the samples of a unit, one after another.
struct UnitBatchBuilder {
    /// What the next sample is written into.
    var inputs: [InputBuilder]
    private var slots: [UInt64] = []
    private var views: [UInt64] = []
    private var indices: [Int] = []
    private var target: TargetBuilder

    /// - Parameter capacity: samples of a whole unit.
    init(capacity: Int, _ inputs: [InputSpecification], _ target: TargetSpecification) {
        self.inputs = inputs.map { InputBuilder($0, capacity: capacity) }
        self.target = TargetBuilder(target)
    }

    /// A sample follows: what was written of one that turned out to be unreadable is forgotten.
    mutating func begin() {
        for input in inputs.indices { inputs[input].isWritten = false }
    }

    /// The sample whose inputs were written counts.
    mutating func append(slot: UInt64, view: UInt64, index: Int, _ sample: Sample, _ vocabulary: LabelVocabulary) {
        for input in inputs.indices { inputs[input].keep(row: slots.count) }
        target.append(sample, vocabulary)
        slots.append(slot)
        views.append(view)
        indices.append(index)
    }

    func build() -> UnitBatch {
        UnitBatch(
            slots: slots, samples: indices, views: views, inputs: inputs.map { $0.build() }, target: target.target)
    }
}

/// Collects one input of a unit. A sample's values are written where they stay.
struct InputBuilder {
    let specification: InputSpecification
    /// Whether the sample that is being read has the input.
    fileprivate(set) var isWritten = false
    private var rows: [Int] = []
    private let capacity: Int
    /// Made with the first sample that has the input.
    private var buffer: FloatBuffer?
    private var integers: [Int32] = []

    fileprivate init(_ specification: InputSpecification, capacity: Int) {
        (self.specification, self.capacity) = (specification, capacity)
    }

    /// Where the values of the sample go that is being read.
    mutating func write(_ body: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
        let memory = buffer ?? FloatBuffer(count: capacity * specification.count)
        buffer = memory
        try body(memory.pointer + rows.count * specification.count)
        isWritten = true
    }

    mutating func write(_ values: [Int32]) {
        integers.removeLast(integers.count - rows.count * specification.count)
        integers += values
        isWritten = true
    }

    fileprivate mutating func keep(row: Int) {
        if isWritten { rows.append(row) }
    }

    fileprivate func build() -> UnitInput {
        switch specification.element {
        case .int32: UnitInput(specification, Array(integers.prefix(rows.count * specification.count)))
        case .float32: UnitInput(specification, rows: rows, filled().all)
        }
    }

    /// An evaluation's last unit, or one with unreadable samples, has fewer values than there is room for.
    private func filled() -> FloatBuffer {
        let count = rows.count * specification.count
        guard count > 0, let buffer else { return FloatBuffer(count: 0) }
        if buffer.count == count { return buffer }
        let filled = FloatBuffer(count: count)
        filled.pointer.update(from: buffer.pointer, count: count)
        return filled
    }
}

/// Collects what the samples of a unit are compared with.
private struct TargetBuilder {
    private let specification: TargetSpecification
    private var labels: [[Int]] = []
    private var classes: [Int] = []

    init(_ specification: TargetSpecification) { self.specification = specification }

    mutating func append(_ sample: Sample, _ vocabulary: LabelVocabulary) {
        switch specification {
        case .none: break
        case .labels: labels.append(vocabulary.labels(of: sample.hashtags))
        case .classes: classes.append(sample.classIndex ?? -1)
        }
    }

    var target: any UnitTarget {
        switch specification {
        case .none: NoTarget()
        case .labels: LabelTarget(labels)
        case .classes: ClassTarget(classes)
        }
    }
}
