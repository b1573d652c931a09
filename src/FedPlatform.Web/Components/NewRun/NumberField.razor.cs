using System.Globalization;
using FedPlatform.Contracts.Specs;
using FedPlatform.Web.Components.Shared;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.NewRun;

/// <summary>A number of the spec with an optional slider; what cannot be read stays as typed, with a message.</summary>
public sealed partial class NumberField
{
    private string? typed;
    private int version;

    [Parameter, EditorRequired]
    public SpecDraft Draft { get; set; } = default!;

    /// <summary>The field's JSON path.</summary>
    [Parameter, EditorRequired]
    public string Path { get; set; } = "";

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter]
    public string? Symbol { get; set; }

    [Parameter]
    public string? Aside { get; set; }

    [Parameter]
    public string? Hint { get; set; }

    [Parameter, EditorRequired]
    public Func<RunSpec, double?> Get { get; set; } = default!;

    [Parameter, EditorRequired]
    public Func<RunSpec, double?, RunSpec> Set { get; set; } = default!;

    [Parameter]
    public bool Slider { get; set; }

    /// <summary>The slider's ends; the field takes more.</summary>
    [Parameter]
    public double Min { get; set; }

    [Parameter]
    public double Max { get; set; } = 1;

    /// <summary>The slider moves by factors.</summary>
    [Parameter]
    public bool Log { get; set; }

    [Parameter]
    public bool Whole { get; set; }

    /// <summary>An empty field means the default.</summary>
    [Parameter]
    public string? Placeholder { get; set; }

    private string Text => typed ?? (Get(Draft.Spec) is { } value ? Show.Plain(value) : "");

    private int Place
    {
        get
        {
            double value = Math.Clamp(Get(Draft.Spec) ?? Min, Min, Max);
            return (int)Math.Round(1000 * (Log ? Math.Log(value / Min) / Math.Log(Max / Min) : (value - Min) / (Max - Min)));
        }
    }

    protected override void OnParametersSet()
    {
        if (version != Draft.Version)
        {
            version = Draft.Version;
            typed = null;
        }
    }

    private void Slid(ChangeEventArgs e)
    {
        double at = double.Parse(e.Value?.ToString() ?? "0", CultureInfo.InvariantCulture) / 1000;
        double value = Log ? Min * Math.Pow(Max / Min, at) : Min + (Max - Min) * at;
        typed = null;
        Draft.Set(Path, Set(Draft.Spec, Whole ? Math.Round(value) : Round(value)));
    }

    private void Typed(ChangeEventArgs e)
    {
        typed = e.Value?.ToString() ?? "";
        string text = typed.Trim().Replace('−', '-');
        if (text.Length == 0 && Placeholder is not null)
        {
            Draft.Set(Path, Set(Draft.Spec, null));
        }
        else if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
        {
            Draft.Refuse(Path, typed, text.Length == 0 ? "a number is needed" : $"“{typed}” is not a number");
        }
        else if (Whole && (value != Math.Round(value) || Math.Abs(value) > int.MaxValue))
        {
            Draft.Refuse(Path, typed, $"must be a whole number, got {typed}");
        }
        else
        {
            Draft.Set(Path, Set(Draft.Spec, value));
        }
    }

    /// <summary>Two significant digits: a slider's place is no measurement.</summary>
    private static double Round(double value)
    {
        if (value == 0)
        {
            return 0;
        }

        double unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Abs(value))) - 1);
        return Math.Round(Math.Round(value / unit) * unit, 8);
    }
}
