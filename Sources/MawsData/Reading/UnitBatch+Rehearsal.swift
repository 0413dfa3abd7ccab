import MawsPlan
import MawsTensor

extension UnitBatch {
    /// A unit of the largest size that the stage may meet, without values that mean anything: no input stands for
    /// another, and integers fill every sample with different numbers.
    package init(rehearsing stage: StagePlan, _ plan: Plan) {
        let count = stage.unit
        self.init(
            slots: (0..<UInt64(count)).map { $0 }, samples: Array(0..<count),
            inputs: stage.inputs(in: plan).map { input in
                input.standsFor == nil ? UnitInput(rehearsing: input, count: count) : UnitInput(input)
            },
            target: stage.needs.target.rehearsal(count: count))
    }
}

extension UnitInput {
    package init(rehearsing specification: InputSpecification, count: Int) {
        let total = count * specification.count
        switch specification.element {
        case .float32: self.init(specification, FloatBuffer(count: total).all)
        case .int32(let range):
            self.init(specification, (0..<total).map { range.lowerBound + Int32($0 % range.count) })
        }
    }
}

extension TargetSpecification {
    fileprivate func rehearsal(count: Int) -> any UnitTarget {
        switch self {
        case .none: NoTarget()
        case .labels: LabelTarget([[Int]](repeating: [0], count: count))
        case .classes: ClassTarget([Int](repeating: -1, count: count))
        }
    }
}
