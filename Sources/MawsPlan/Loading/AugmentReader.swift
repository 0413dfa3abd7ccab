/// Reads `augment` of a training stage and `eval_crop` of an evaluation.
struct AugmentReader {
    /// Side of the model's images.
    let size: Int

    private static let resizing = ["short_side", "center_crop", "interpolation"]
    private static let fields =
        ["preset"] + resizing + ["crop", "flip", "rand_augment", "erase", "mixup", "cutmix"]
    private static let sideMax = 1 << 14
    private static let countMax = 16

    /// A preset's name, or a map of fields that replace single values of a preset.
    func augment(_ node: PlanNode, _ preset: AugmentPlan) throws(PlanError) -> AugmentPlan {
        if node.scalar != nil { return try named(node) }
        let map = try PlanMap(node, expected: "a preset such as `paper/table13`, or a map of `crop`, `flip` and others")
        try map.allow(Self.fields)
        var augment = try map["preset"].map { node throws(PlanError) in try named(node) } ?? preset
        augment.flip = try map.flag("flip", default: augment.flip)
        augment.crop = try optional(map["crop"], augment.crop) { node, crop throws(PlanError) in
            try self.crop(node, crop)
        }
        augment.resize = try resize(map, augment.resize, random: augment.crop != nil && map["crop"] != nil)
        if augment.resize.centerCrop { augment.crop = nil }
        augment.randAugment = try optional(map["rand_augment"], augment.randAugment) { node, plan throws(PlanError) in
            try randAugment(node, plan)
        }
        augment.erase = try optional(map["erase"], augment.erase) { node, plan throws(PlanError) in
            try erase(node, plan)
        }
        augment.mixup = try beta(map["mixup"], augment.mixup)
        augment.cutmix = try beta(map["cutmix"], augment.cutmix)
        try checkShortSide(map, augment.resize, cropped: augment.resize.centerCrop || augment.crop != nil)
        return augment
    }

    /// What an evaluation sees of its images.
    func evalCrop(_ node: PlanNode, _ preset: ResizePlan) throws(PlanError) -> ResizePlan {
        let map = try PlanMap(node, expected: "a map of `short_side`, `center_crop` and `interpolation`")
        try map.allow(Self.resizing)
        let evalCrop = try resize(map, preset, random: false)
        try checkShortSide(map, evalCrop, cropped: evalCrop.centerCrop)
        return evalCrop
    }

    private func named(_ node: PlanNode) throws(PlanError) -> AugmentPlan {
        guard let preset = node.scalar.flatMap(AugmentPreset.named) else {
            let names = AugmentPreset.all.map { "`\($0.name)`" }.joined(separator: ", ")
            throw node.wrong("one of the presets \(names), or a map of fields")
        }
        return preset.augment
    }

    /// - Parameter random: whether the same map asks for a crop at random.
    private func resize(_ map: PlanMap, _ preset: ResizePlan, random: Bool) throws(PlanError) -> ResizePlan {
        var resize = preset
        if let node = map["short_side"] {
            resize.shortSide = node.scalar == "none" ? nil : try node.integer(1...Self.sideMax)
        }
        resize.centerCrop = try map.flag("center_crop", default: preset.centerCrop)
        resize.interpolation = try map["interpolation"]?.choice(of: Interpolation.self) ?? preset.interpolation
        if resize.centerCrop && random {
            throw .conflict(
                map.place(of: "center_crop"),
                problem: "an image is cropped in its centre or at random (`crop`), not both")
        }
        return resize
    }

    /// `none`, or what `read` makes of the node and of the preset's value.
    private func optional<Value>(
        _ node: PlanNode?, _ preset: Value?, _ read: (PlanNode, Value?) throws(PlanError) -> Value
    ) throws(PlanError) -> Value? {
        guard let node else { return preset }
        return node.scalar == "none" ? nil : try read(node, preset)
    }

    private func crop(_ node: PlanNode, _ preset: CropPlan?) throws(PlanError) -> CropPlan {
        let map = try PlanMap(node, expected: "`none`, or a map of `scale` and `ratio`")
        try map.allow(["scale", "ratio"])
        var crop = preset ?? CropPlan(scale: [0.08, 1], ratio: [0.75, 1.33])
        if let scale = map["scale"] { crop.scale = try share(scale) }
        if let ratio = map["ratio"] { crop.ratio = try aspect(ratio, "width over height") }
        return crop
    }

    private func randAugment(_ node: PlanNode, _ preset: RandAugmentPlan?) throws(PlanError) -> RandAugmentPlan {
        let map = try PlanMap(node, expected: "`none`, or a map of `count` and `magnitude`")
        try map.allow(["count", "magnitude"])
        let standard = preset ?? RandAugmentPlan(count: 2, magnitude: 9)
        return RandAugmentPlan(
            count: try map.integer("count", 1...Self.countMax, default: standard.count),
            magnitude: try map.integer(
                "magnitude", 0...RandAugmentPlan.magnitudeMax, default: standard.magnitude))
    }

    private func erase(_ node: PlanNode, _ preset: ErasePlan?) throws(PlanError) -> ErasePlan {
        let map = try PlanMap(node, expected: "`none`, or a map of `probability`, `scale` and `ratio`")
        try map.allow(["probability", "scale", "ratio"])
        var erase = preset ?? ErasePlan()
        erase.probability = try map.number(
            "probability", "a share of the images, above 0 and up to 1", default: erase.probability
        ) { 0 < $0 && $0 <= 1 }
        if let scale = map["scale"] { erase.scale = try share(scale) }
        if let ratio = map["ratio"] { erase.ratio = try aspect(ratio, "height over width") }
        return erase
    }

    private func share(_ node: PlanNode) throws(PlanError) -> [Double] {
        try node.numbers("[lowest, highest] share of the area, above 0 and up to 1", count: 2) {
            0 < $0[0] && $0[0] <= $0[1] && $0[1] <= 1
        }
    }

    private func aspect(_ node: PlanNode, _ what: String) throws(PlanError) -> [Double] {
        try node.numbers("[lowest, highest] \(what), from 0.01 to 100", count: 2) {
            0.01 <= $0[0] && $0[0] <= $0[1] && $0[1] <= 100
        }
    }

    /// Parameter of a Beta distribution.
    private func beta(_ node: PlanNode?, _ preset: Double?) throws(PlanError) -> Double? {
        guard let node else { return preset }
        if node.scalar == "none" { return nil }
        return try node.number("a parameter of the Beta distribution above 0 and up to 10, or `none`") {
            0 < $0 && $0 <= 10
        }
    }

    private func checkShortSide(_ map: PlanMap, _ resize: ResizePlan, cropped: Bool) throws(PlanError) {
        guard let side = resize.shortSide else { return }
        guard cropped else {
            throw .conflict(
                map.place(of: "short_side"),
                problem: "without a crop the image is resized as a whole; leave this out, or set `center_crop: true`")
        }
        guard !resize.centerCrop || side >= size else {
            throw .conflict(
                map.place(of: "short_side"),
                problem: "a short side of \(side) has no central crop of \(size), the size of the model's images")
        }
    }
}
