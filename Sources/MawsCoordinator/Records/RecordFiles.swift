import MawsBase
import MawsDatabase
import MawsFiles
import MawsPlan
import MawsRecords

/// Keeps `metrics.jsonl` and `stages.jsonl` as the run's database has them: a process that was killed, a full disk or a
/// database that was made again leave them without a line, with one twice, torn or too many.
package struct RecordFiles {
    package let paths: RunPaths
    package let catalog: StageCatalog
    package let database: RunDatabase

    package init(paths: RunPaths, catalog: StageCatalog, database: RunDatabase) {
        (self.paths, self.catalog, self.database) = (paths, catalog, database)
    }

    /// Makes both files agree. Returns a sentence for what was changed in the metrics.
    package func agree() throws -> String? {
        try writeStages()
        return try agreeMetrics()
    }

    package func writeStages() throws {
        let text = try database.ends().map { $0.summary + "\n" }.joined()
        let bytes = Array(text.utf8)
        if (try? AtomicFile.read(paths.stages)) != bytes { try AtomicFile.write(bytes, to: paths.stages) }
    }

    private func agreeMetrics() throws -> String? {
        let present = (try? AtomicFile.read(paths.metrics)) ?? []
        var commits = try catalog.stages.flatMap { try database.commits(of: $0.index) }
        if try present == bytes(commits) { return nil }
        let lines = try RunFolder(paths.folder).metrics().map {
            (Place(stage: $0.stage, step: $0.step), $0.mfu)
        }
        let known = Dictionary(lines) { _, last in last }
        // A database of an earlier version has it in the file alone.
        for index in commits.indices where commits[index].mfu == nil {
            commits[index].mfu = known[place(commits[index])] ?? nil
        }
        let truth = try bytes(commits)
        if present == truth { return nil }
        try AtomicFile.write(truth, to: paths.metrics)
        let places = Set(commits.map(place))
        let missing = places.count { known[$0] == nil }
        let ahead = known.keys.count { !places.contains($0) }
        // Lines that were there twice, for one.
        guard missing + ahead > 0 else { return nil }
        return
            "metrics.jsonl was made to agree with the run's database: \(missing) committed steps were missing in it, "
            + "\(ahead) of its steps are not committed"
    }

    private struct Place: Hashable {
        let stage: String
        let step: Int
    }

    private func place(_ commit: CommitRecord) -> Place { Place(stage: name(commit), step: Int(commit.step)) }

    private func name(_ commit: CommitRecord) -> String { catalog[StageIndex(commit.stage)].plan.name }

    private func bytes(_ commits: [CommitRecord]) throws -> [UInt8] {
        try commits.flatMap { try Array("\(JSONLine.encode(StepMetrics($0, stage: name($0))))\n".utf8) }
    }
}

extension StepMetrics {
    init(_ record: CommitRecord, stage: String) {
        self.init(
            stage: stage, step: Int(record.step), loss: record.loss, learningRate: record.learningRate,
            gradientNorm: record.gradientNorm, images: record.images, seconds: record.seconds,
            bytesPushed: Int(record.bytesPushed), bytesGathered: Int(record.bytesGathered),
            skipped: record.clipScale == 0 ? true : nil, mfu: record.mfu)
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
            mfu: metrics.mfu)
    }
}
