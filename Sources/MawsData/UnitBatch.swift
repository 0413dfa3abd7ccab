import MawsPlan
import MawsTensor

/// The samples of one unit, decoded and augmented: what an objective computes on.
package struct UnitBatch: Sendable {
    /// Number of each sample in its stage, `step * globalBatch + row` when training, the position in the split when
    /// evaluating: the element of every counter-based random number drawn for the sample.
    package var slots: [UInt64]
    /// Index of each sample in its data set.
    package var samples: [Int]
    /// Number of each sample's view, the element of its random crop and flip: the slot, unless the stage's views are
    /// fixed.
    package var views: [UInt64]
    /// Key of each sample in its shard, for evaluation; empty when training.
    package var keys: [String] = []
    /// The tensors that the stage's kind states, in its order.
    package private(set) var inputs: [UnitInput]
    /// What the samples are compared with, of the type that the stage's kind states.
    package var target: any UnitTarget

    package init(
        slots: [UInt64], samples: [Int], views: [UInt64]? = nil, inputs: [UnitInput],
        target: any UnitTarget = NoTarget()
    ) {
        (self.slots, self.samples, self.views) = (slots, samples, views ?? slots)
        (self.inputs, self.target) = (inputs, target)
    }

    package var count: Int { slots.count }
    /// Memory of the inputs.
    package var byteCount: Int { inputs.reduce(0) { $0 + $1.byteCount } }

    /// An input that the stage's kind states.
    package subscript(_ name: InputName) -> UnitInput {
        guard let input = inputs.first(where: { $0.specification.name == name }) else {
            preconditionFailure("the batch has no input \(name.rawValue)")
        }
        return input
    }

    /// The target as the type that the stage's kind states.
    package func target<Target: UnitTarget>(as type: Target.Type) -> Target {
        guard let target = target as? Target else {
            preconditionFailure("the batch's target is \(Swift.type(of: target)), not \(type)")
        }
        return target
    }

    /// The batch with an input that stands for another of all its samples: those of the other are gone.
    package func substituting(_ input: UnitInput) -> UnitBatch {
        precondition(input.rows.count == count)
        var batch = self
        batch.inputs = inputs.map { own in
            switch own.specification.name {
            case input.specification.name: input
            case input.specification.standsFor: UnitInput(own.specification)
            default: own
            }
        }
        return batch
    }

    /// The samples' ranges in parts of `size`, the last of which may be smaller.
    package func ranges(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// Some of the samples; their floats stay where they are.
    package func part(_ range: Range<Int>) -> UnitBatch {
        if range == 0..<count { return self }
        var part = UnitBatch(
            slots: Array(slots[range]), samples: Array(samples[range]), views: Array(views[range]),
            inputs: inputs.map { $0.part(range) }, target: target.part(range))
        if !keys.isEmpty { part.keys = Array(keys[range]) }
        return part
    }

    /// Mixes the samples in place, their images and what they are compared with.
    package mutating func mix(_ mix: UnitMixing.Mix) {
        guard count > 1 else { return }
        guard var mixed = target as? any MixedTarget else {
            preconditionFailure("a target of \(type(of: target)) cannot be mixed")
        }
        let image = self[.image]
        mixed.mix(lambda: mix.apply(to: image.floats, shape: image.specification.shape))
        target = mixed
    }
}
