import MawsBase
import MawsPlan
import MawsReport
import MawsStorage

/// Keeps `metrics.jsonl` and `stages.jsonl` as the run's database has them: a process that was killed, a full disk or a
/// database that was made again leave them without a line, with one twice or with one too many.
struct RecordFiles {
    let paths: RunPaths
    let catalog: StageCatalog
    let database: RunDatabase

    /// Makes both files agree. Returns a sentence for what was changed in the metrics.
    func agree() throws -> String? {
        try writeStages()
        return try agreeMetrics()
    }

    func writeStages() throws {
        let text = try database.ends().map { $0.summary + "\n" }.joined()
        let bytes = Array(text.utf8)
        if (try? AtomicFile.read(paths.stages)) != bytes { try AtomicFile.write(bytes, to: paths.stages) }
    }

    /// As many lines as commits, the last one being the newest commit's, are taken for agreement: steps are encoded and
    /// the file is written only where they are not.
    private func agreeMetrics() throws -> String? {
        let present = (try? AtomicFile.read(paths.metrics)) ?? []
        let commits = try catalog.stages.flatMap { try database.commits(of: $0.index) }
        let last = try commits.last.map { try line($0) } ?? ""
        if present.count(where: { $0 == UInt8(ascii: "\n") }) == commits.count, present.ends(with: last) { return nil }
        let known = Set(try RunFolder(paths.folder).metrics().map { Place(stage: $0.stage, step: $0.step) })
        let truth = Set(commits.map { Place(stage: name($0), step: Int($0.step)) })
        try AtomicFile.write(try commits.map { try line($0) }.joined(), to: paths.metrics)
        let (missing, ahead) = (truth.subtracting(known).count, known.subtracting(truth).count)
        guard missing + ahead > 0 else { return nil }
        return
            "metrics.jsonl was made to agree with the run's database: \(missing) committed steps were missing in it, "
            + "\(ahead) of its steps are not committed"
    }

    private struct Place: Hashable {
        let stage: String
        let step: Int
    }

    private func name(_ commit: CommitRecord) -> String { catalog[StageIndex(commit.stage)].plan.name }

    private func line(_ commit: CommitRecord) throws -> String {
        try JSONLine.encode(StepMetrics(commit, stage: name(commit))) + "\n"
    }
}

extension [UInt8] {
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}

extension StepMetrics {
    init(_ record: CommitRecord, stage: String) {
        self.init(
            stage: stage, step: Int(record.step), loss: record.loss, learningRate: record.learningRate,
            gradientNorm: record.gradientNorm, images: record.images, seconds: record.seconds,
            bytesPushed: Int(record.bytesPushed), bytesGathered: Int(record.bytesGathered),
            skipped: record.clipScale == 0 ? true : nil, utilisation: record.utilisation)
    }
}

extension CommitRecord {
    /// The commit that a line speaks of. The clip scale, which no line has, is a function of the gradient's norm.
    init(_ metrics: StepMetrics, stage: StageIndex, clipScale: Double) {
        self.init(
            stage: stage.value, step: UInt64(metrics.step), learningRate: metrics.learningRate,
            clipScale: metrics.skipped == true ? 0 : clipScale, gradientNorm: metrics.gradientNorm,
            loss: metrics.loss, images: metrics.images, seconds: metrics.seconds,
            bytesPushed: UInt64(max(0, metrics.bytesPushed)), bytesGathered: UInt64(max(0, metrics.bytesGathered)),
            utilisation: metrics.utilisation)
    }
}
