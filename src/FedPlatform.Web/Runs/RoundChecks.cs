using FedPlatform.Contracts.Runs;

namespace FedPlatform.Web.Runs;

/// <summary>No NaN and no infinity gets into the database, wherever it hides in a report.</summary>
internal static class RoundChecks
{
    /// <summary>The first field that is not finite, or null.</summary>
    public static string? NotFinite(RoundReport report)
    {
        var scalars = new (string Name, double? Value)[]
        {
            ("gm", report.Gm), ("gmClassifier", report.GmClassifier), ("gmAuxiliary", report.GmAuxiliary), ("pm", report.Pm),
            ("pmStd", report.PmStd), ("pmWorst", report.PmWorst), ("loss", report.Loss), ("seconds", report.Seconds),
            ("groups.head", report.Groups?.Head), ("groups.medium", report.Groups?.Medium), ("groups.tail", report.Groups?.Tail),
        };
        if (Array.Find(scalars, s => Bad(s.Value)).Name is { } scalar)
        {
            return scalar;
        }

        if (report.PerClass.Any(v => Bad(v)))
        {
            return "perClass";
        }

        if (report.PerClassClassifier.Any(v => Bad(v)))
        {
            return "perClassClassifier";
        }

        if (report.PmVariants.FirstOrDefault(v => Bad(v.Value)).Key is { } variant)
        {
            return $"pmVariants.{variant}";
        }

        var client = report.Clients.FirstOrDefault(c =>
            Bad(c.Loss) || Bad(c.Pm) || Bad(c.Gm) || Bad(c.MacroF1) || Bad(c.WeightedF1) || Bad(c.UpdateNorm) || Bad(c.UpdateCosine) || c.PerClass.Any(Bad));
        return client is null ? null : $"clients[{client.Id}]";
    }

    private static bool Bad(double? value) => value is { } v && !double.IsFinite(v);
}
