import MawsBase

/// A split with the places of its fields, for the checks that stages make later.
struct SplitDraft {
    var plan: DataSplitPlan
    var map: PlanMap
    /// Lines of the vocabulary file; nil where there is none, or where files are not looked at.
    var labelCount: Int?
}

extension PlanReader {
    func dataSplits(_ node: PlanNode) throws(PlanError) -> [SplitDraft] {
        let map = try PlanMap(node, expected: "a map of splits, `train: {shards: …}` for instance")
        guard !map.fields.isEmpty else { throw node.wrong("at least one split") }
        var splits: [SplitDraft] = []
        for field in map.fields {
            guard isIdentifier(field.name) else {
                throw .wrongValue(
                    field.value.place, expected: "a split's name of letters, digits, `-` and `_`",
                    found: "`\(field.name)`")
            }
            let path = field.value.place.field
            let standIn = SplitDraft(
                plan: DataSplitPlan(name: field.name, shards: [], vocabulary: "", tokenizer: "", skipLimit: 0),
                map: PlanMap(emptyAt: field.value.place), labelCount: 1)
            splits.append(
                node.faults.read(path, orElse: standIn) { () throws(PlanError) in
                    try split(field.name, field.value)
                })
        }
        return splits
    }

    private func split(_ name: String, _ node: PlanNode) throws(PlanError) -> SplitDraft {
        let map = try PlanMap(node, expected: "a map with `shards`")
        try map.allow([
            "shards", "vocabulary", "label_min_count", "resample", "exclude", "tokenizer", "skip_limit", "pixels_max",
            "folder", "list", "shuffle",
        ])
        let shards = node.faults.read("\(map.place.field).shards", orElse: []) { () throws(PlanError) in
            try sources(map)
        }
        let vocabulary = try map["vocabulary"].map { node throws(PlanError) in
            try files.path(
                node, "a file with one hashtag a line", remedy: "`maws data pack` writes it next to the shards")
        }
        let tokenizer = try map["tokenizer"].map { node throws(PlanError) in
            try files.path(
                node, "a SentencePiece model", remedy: "`maws data tokenizer` trains one on the captions of the shards")
        }
        var plan = DataSplitPlan(
            name: name, shards: shards, vocabulary: vocabulary, tokenizer: tokenizer,
            skipLimit: try map.number("skip_limit", "a share from 0 to 1", default: 0.001) { 0...1 ~= $0 },
            pixelCountMax: try map.integer("pixels_max", 1...Int.max, default: DataSplitPlan.defaultPixelCountMax),
            shuffleShards: try map.integer(
                "shuffle", 1...Int.max, default: shards.contains(where: DataSplitPlan.isRemote) ? 16 : Int.max))
        plan.labelCountMin = try map.integer("label_min_count", 0...Int(Int32.max), default: 0)
        plan.resample = try map["resample"].map { node throws(PlanError) in try resample(node, map) }
        plan.exclude = try map["exclude"].map { node throws(PlanError) in
            try files.path(node, "a list of samples to leave out", remedy: "`maws data dedupe` writes it")
        }
        return SplitDraft(plan: plan, map: map, labelCount: try labelCount(plan, map))
    }

    private func resample(_ node: PlanNode, _ split: PlanMap) throws(PlanError) -> ResamplePlan {
        let map = try PlanMap(node, expected: "a map such as `{samples: 5000000}`")
        try map.allow(["samples"])
        guard split["vocabulary"] != nil else {
            throw .missingField(
                split.place(of: "vocabulary"),
                expected: "the file of the labels whose counts `resample` goes by; `maws data labels` writes it")
        }
        let expected = "the number of samples of an epoch, at least those of the split"
        return ResamplePlan(samples: try map.required("samples", expected).integer(1...(1 << 40) - 1))
    }

    /// What the split reads: shards, or images where they lie.
    private func sources(_ map: PlanMap) throws(PlanError) -> [String] {
        let given = ["shards", "folder", "list"].filter { map[$0] != nil }
        guard given.count < 2, let name = given.first else {
            if given.isEmpty { _ = try map.required("shards", "a tar file, a brace pattern, or a list of them") }
            throw .wrongValue(
                map.place(of: given[1]), expected: "one of `shards`, `folder` and `list`",
                found: given.map { "`\($0)`" }.joined(separator: " and "))
        }
        let node = try map.required(name, "a path")
        switch name {
        case "folder":
            return [
                "folder:"
                    + (try files.path(
                        node, "a folder of images", remedy: "name the folder that holds them", isFolder: true))
            ]
        case "list": return ["list:" + (try files.path(node, "a CSV or JSONL list", remedy: "see the table of fields"))]
        default: return try shards(node)
        }
    }

    /// Shards as one pattern or a list of patterns, in order, each an existing file, an address or a command.
    private func shards(_ node: PlanNode) throws(PlanError) -> [String] {
        let expected =
            "a tar file, a pattern such as `data/train-{0000..0011}.tar` or `data/train-*.tar`, or a list of "
            + "them"
        let patterns = node.scalar != nil ? [node] : try node.list(expected)
        guard !patterns.isEmpty else { throw node.wrong("at least one tar file") }
        var shards: [String] = []
        for pattern in patterns {
            try refusePassword(pattern)
            let names = try expand(pattern, expected: expected)
            for name in names where !DataSplitPlan.isRemote(name) {
                try files.require(
                    name, at: pattern.place, remedy: ShardPattern.advice(count: 1, there: []))
            }
            shards += names
        }
        return shards
    }

    /// Every process, file and log of a run gets its plan.
    private func refusePassword(_ node: PlanNode) throws(PlanError) {
        guard let text = node.scalar, DataSplitPlan.isRemote(text), !text.hasPrefix("pipe:"),
            Secrets.hasUserInformation(text)
        else { return }
        throw .conflict(
            node.place,
            problem:
                "the address `\(text)` has a user or a password in it, which would stand in every copy of the plan; "
                + "take it out, and give it to each machine that reads the data by MAWS_DATA_HOST, MAWS_DATA_USER and "
                + "MAWS_DATA_PASSWORD, or by a .netrc file")
    }

    private func expand(_ node: PlanNode, expected: String) throws(PlanError) -> [String] {
        let text = try node.text(expected)
        let pattern = DataSplitPlan.isRemote(text) ? text : try node.path(expected, mayBeRemote: true)
        do {
            return try ShardPattern.expand(pattern, root: files.root)
        } catch {
            switch error {
            case .braces(.malformed): throw node.wrong(expected)
            case .braces(.backwards): throw node.wrong("a brace pattern that counts up")
            case .braces(.tooMany): throw node.wrong("a brace pattern of at most \(BracePattern.namesMax) names")
            case .folder(let name, let shards):
                throw .unusableFile(
                    node.place, path: name,
                    reason: "it is a folder; "
                        + ShardPattern.advice(
                            folder: name, shards: shards, images: "`folder: \(name)` in place of `shards`"))
            case .list(let name):
                throw .unusableFile(
                    node.place, path: name,
                    reason: "it is a list of images; write `list: \(name)` in place of `shards`")
            case .unread(let problem): throw .conflict(node.place, problem: "`\(text)` \(problem)")
            case .nothingFits: throw node.wrong("a pattern that files fit")
            case .missing(let name, let count, let there):
                throw files.missing(
                    name, at: node.place, remedy: ShardPattern.advice(count: count, there: there))
            }
        }
    }

    private func labelCount(_ split: DataSplitPlan, _ map: PlanMap) throws(PlanError) -> Int? {
        guard let path = split.vocabulary else { return nil }
        let place = map.place(of: "vocabulary")
        let count = try files.labelCount(path, countMin: split.labelCountMin, at: place)
        guard count != 0 else {
            let least = split.labelCountMin > 0 ? " with at least \(split.labelCountMin) samples" : ""
            throw .unusableFile(place, path: path, reason: "it has no label\(least)")
        }
        return count
    }
}
