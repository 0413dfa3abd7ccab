import Foundation
import Logging
import MawsBase
import MawsData
import MawsFiles
import MawsPlan
import MawsRecords

/// What becomes of the samples: looked up before a run starts, said when a stage starts and when it ends.
extension CoordinatorNode {
    /// The survey of the run's first start; nil where there was none.
    static func earlierSurvey(_ paths: RunPaths) -> PlanSurvey? {
        FileManager.default.contents(atPath: paths.samples).flatMap {
            try? JSONLine.decode(PlanSurvey.self, from: $0)
        }
    }

    /// What is doubtful about the plan's data, each a whole sentence.
    package var warnings: [String] { catalog.survey.warnings.map { plan.located($0.field, $0.sentence) } }

    func keepSurvey() throws {
        try AtomicFile.write(JSONLine.encode(catalog.survey), to: paths.samples)
        for warning in warnings { logger.warning("\(warning)") }
    }

    func logSamples(startOf index: StageIndex) {
        let name = catalog[index].plan.name
        for split in catalog.survey.stages.first(where: { $0.stage == name })?.splits ?? [] {
            logger.info("stage \(name) reads split \(split.name): \(split.account)")
        }
    }

    func logSamples(endOf index: StageIndex) throws {
        let stage = catalog[index].plan
        let samples = StageSamples(
            stage: stage.name, survey: catalog.survey.stages.first { $0.stage == stage.name },
            skipped: try recorder.skipped(of: index), trains: stage.trains)
        logger.info("stage \(stage.name) ended; its samples: \(samples.account)")
    }
}
