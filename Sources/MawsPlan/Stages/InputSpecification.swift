/// One tensor of a unit's batch, as a kind of stage states it: what its code calls it, what of a sample it is made of,
/// and its shape.
package struct InputSpecification: Hashable, Sendable {
    package var name: InputName
    package var content: InputContent
    /// The shape of one sample; a batch has an axis of samples before it.
    package var shape: [Int]
    package var element: InputElement
    /// The input of the same batch that it stands for, sample by sample, where it is known; nil: it is always there.
    package var standsFor: InputName?

    package init(
        _ name: InputName, _ content: InputContent, shape: [Int], element: InputElement, standsFor: InputName? = nil
    ) {
        (self.name, self.content, self.shape) = (name, content, shape)
        (self.element, self.standsFor) = (element, standsFor)
    }

    /// Elements of a sample.
    package var count: Int { shape.reduce(1, *) }
    /// Bytes of a sample; an element of either type has four.
    package var byteCount: Int { 4 * count }

    /// Normalised pixels, [channels, height, width].
    package static func image(_ model: ImageModelPlan) -> InputSpecification {
        InputSpecification(.image, .image, shape: [model.channels, model.size, model.size], element: .float32)
    }

    /// Token ids of a caption, [context], filled with `<pad>`; ids from 2 on are tokens.
    package static func text(_ model: TextModelPlan) -> InputSpecification {
        InputSpecification(
            .text, .caption, shape: [model.context], element: .int32(2..<max(3, Int32(clamping: model.vocabulary))))
    }

    /// What a frozen image tower makes of an image, [width].
    package static func features(_ model: ImageModelPlan) -> InputSpecification {
        InputSpecification(.features, .features, shape: [model.width], element: .float32, standsFor: .image)
    }
}

/// What a stage's code calls an input.
package struct InputName: RawRepresentable, Hashable, Sendable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package static let image = InputName(rawValue: "image")
    package static let text = InputName(rawValue: "text")
    package static let features = InputName(rawValue: "features")
}

/// What an input is made of: a part of a sample, or what was computed of one before.
package enum InputContent: Hashable, Sendable {
    /// The image, decoded, augmented and normalised.
    case image
    /// The caption's tokens; a sample without one is unreadable.
    case caption
    /// What whoever reads the batch knows of the sample's view already.
    case features
}

package enum InputElement: Hashable, Sendable {
    case float32
    /// Numbers of this range; what fills up a sample that has fewer is below it.
    case int32(Range<Int32>)
}

/// What a sample is compared with: the type of a batch's target.
package enum TargetSpecification: Hashable, Sendable {
    /// Nothing: what is predicted is in the inputs.
    case none
    /// Hashtags, as numbers of a vocabulary with so many.
    case labels(count: Int)
    /// The clean class.
    case classes
}

extension StagePlan {
    /// The tensors of its batches, in the order in which a sample's are read.
    package func inputs(in plan: Plan) -> [InputSpecification] { task.inputs(of: self, in: plan) }
    /// Whether it learns captions; a sample without one is unreadable then.
    package var learnsCaptions: Bool { type(of: task).learnsCaptions }
}
