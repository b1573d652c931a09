using Bunit;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Components.NewRun;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Tests.Pages.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace FedPlatform.Web.Tests.Pages;

public class NewRunPageTests : PageTest
{
    public static TheoryData<string> Keys => [.. Preset.All.Select(p => p.Key)];

    private IRenderedComponent<NewRunPage> Open(string query = "")
    {
        Navigation.NavigateTo("/runs/new" + query);
        var page = Render<NewRunPage>();
        page.WaitForElement("select#f-dataset option[value=digits]", Patience);
        return page;
    }

    private static AngleSharp.Dom.IElement Start(IRenderedComponent<NewRunPage> page) => page.Find("button.start");

    [Theory]
    [MemberData(nameof(Keys))]
    public void Every_preset_is_a_spec_without_a_problem(string key) =>
        Assert.Empty(RunSpecValidator.Validate(Preset.All.Single(p => p.Key == key).Spec, info: null));

    [Fact]
    public void The_first_preset_is_the_sample_run()
    {
        var page = Open();
        Eventually(() => Assert.False(Start(page).HasAttribute("disabled")));

        Start(page).Click();

        Eventually(() => Assert.Single(Runs.Created));
        var (spec, parent) = Assert.Single(Runs.Created);
        Assert.Null(parent);
        Assert.Equal(("digits", "fedloge", "resnet8", 20.0, 0.5, 10), (spec.Dataset, spec.Algorithm.Name, spec.Model, spec.LongTail.ImbalanceFactor, spec.Partition.Alpha, spec.Partition.Clients));
        Assert.Equal((0.5, 30, 2, 16), (spec.Participation, spec.Rounds, spec.Algorithm.LocalEpochs, spec.Algorithm.BatchSize));
        Eventually(() => Assert.StartsWith("runs/" + Runs.Rows[0].Id, Address, StringComparison.Ordinal));
    }

    [Fact]
    public void Choosing_a_preset_fills_the_form_and_the_address()
    {
        var page = Open();

        page.Find("[data-preset=fedloge-cifar10]").Click();

        Eventually(() => Assert.Equal("40", page.Find("#f-partition-clients").GetAttribute("value")));
        Eventually(() => Assert.Equal("3407", page.Find("#f-seed").GetAttribute("value")));
        Eventually(() => Assert.Equal("resnet18", page.Find("#f-model").GetAttribute("value")));
        Eventually(() => Assert.Contains("preset=fedloge-cifar10", Address, StringComparison.Ordinal));
    }

    [Fact]
    public void A_value_out_of_bounds_is_explained_beside_its_field_and_keeps_the_run_from_starting()
    {
        var page = Open();

        page.Find("#f-partition-alpha").Input("-1");

        Eventually(() => Assert.NotEmpty(page.FindAll("[data-field='partition.alpha'] .problem")));
        Eventually(() => Assert.Contains("-1", page.Find("[data-field='partition.alpha'] .problem").TextContent, StringComparison.Ordinal));
        Eventually(() => Assert.Equal("true", page.Find("#f-partition-alpha").GetAttribute("aria-invalid")));
        Eventually(() => Assert.Empty(page.FindAll("[data-field='partition.clients'] .problem")));
        Eventually(() => Assert.True(Start(page).HasAttribute("disabled")));
        Eventually(() => Assert.Contains("partition.alpha", page.Find("#why").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void All_problems_are_said_at_once()
    {
        var page = Open();

        page.Find("#f-partition-alpha").Input("0");
        page.Find("#f-rounds").Input("0");
        page.Find("#f-name").Input("");

        Eventually(() => Assert.True(page.FindAll("#why li").Count >= 3));
        Eventually(() => Assert.NotEmpty(page.FindAll("[data-field=rounds] .problem")));
        Eventually(() => Assert.NotEmpty(page.FindAll("[data-field=name] .problem")));
    }

    [Fact]
    public void More_clients_than_samples_is_found_against_the_data_set()
    {
        var page = Open();

        page.Find("#f-partition-clients").Input("90000");

        Eventually(() => Assert.NotEmpty(page.FindAll("[data-field='partition.clients'] .problem")));
        Eventually(() => Assert.Contains("90000", page.Find("[data-field='partition.clients'] .problem").TextContent.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_no_number_stays_as_typed_with_a_message()
    {
        var page = Open();

        page.Find("#f-rounds").Input("ten");

        Eventually(() => Assert.Contains("“ten” is not a number", page.Find("[data-field=rounds]").TextContent, StringComparison.Ordinal));
        Eventually(() => Assert.Equal("ten", page.Find("#f-rounds").GetAttribute("value")));
        Eventually(() => Assert.True(Start(page).HasAttribute("disabled")));

        page.Find("#f-rounds").Input("12");

        Eventually(() => Assert.False(Start(page).HasAttribute("disabled")));
    }

    [Fact]
    public void A_slider_moves_the_number()
    {
        var page = Open();

        page.Find("[data-field=participation] input[type=range]").Input("1000");

        Eventually(() => Assert.Equal("1", page.Find("#f-participation").GetAttribute("value")));
        Eventually(() => Assert.Contains("10 of 10 clients", page.Find("[data-field=participation]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void A_pasted_text_fills_the_form()
    {
        var page = Open();
        page.FindAll(".page-head .segmented button").Single(b => b.TextContent == "YAML").Click();

        page.Find("textarea.source").Input("name: Pasted\ndataset: digits\npartition:\n  clients: 7\n");
        page.FindAll(".page-head .segmented button").Single(b => b.TextContent == "Form").Click();

        Eventually(() => Assert.Equal("7", page.Find("#f-partition-clients").GetAttribute("value")));
        Eventually(() => Assert.Equal("Pasted", page.Find("#f-name").GetAttribute("value")));
    }

    [Fact]
    public void A_text_with_an_unknown_field_names_it()
    {
        var page = Open();
        page.FindAll(".page-head .segmented button").Single(b => b.TextContent == "JSON").Click();

        page.Find("textarea.source").Input("""{ "dataset": "digits", "epochz": 3 }""");

        Eventually(() => Assert.Contains("epochz", page.Find("#why").TextContent, StringComparison.Ordinal));
        Eventually(() => Assert.True(Start(page).HasAttribute("disabled")));
    }

    [Fact]
    public void A_clone_shows_what_differs_and_remembers_its_parent()
    {
        Guid parent = Runs.Add(SampleRuns.Digits with { Seed = 9 }, RunState.Finished, 5);
        var page = Open("?clone=" + parent);
        page.WaitForElement(".clone", Patience);
        page.Find("#f-rounds").Input("77");

        string differences = page.Find(".clone").TextContent;
        Assert.Contains("rounds", differences, StringComparison.Ordinal);
        Assert.Contains("77", differences, StringComparison.Ordinal);
        Assert.DoesNotContain("partition.alpha", differences, StringComparison.Ordinal);
        Eventually(() => Assert.False(Start(page).HasAttribute("disabled")));
        Start(page).Click();

        Eventually(() => Assert.Single(Runs.Created));
        var (spec, from) = Assert.Single(Runs.Created);
        Assert.Equal((parent, 9L, 77), (from!.Value, spec.Seed, spec.Rounds));
    }

    [Fact]
    public void The_estimate_comes_from_a_run_of_the_same_kind_or_is_unknown()
    {
        var unknown = Open();
        Eventually(() => Assert.Contains("Time unknown", unknown.Find(".estimate").TextContent, StringComparison.Ordinal));

        Runs.Add(SampleRuns.Digits, RunState.Finished, 10);
        var known = Open();

        Eventually(() => Assert.Contains("a round", known.Find(".estimate").TextContent, StringComparison.Ordinal));
    }
}

public class NewRunPageOfAViewerTests() : PageTest(FedPlatform.Web.Identity.TeamRole.Viewer)
{
    [Fact]
    public void Who_may_only_look_is_told_so_and_cannot_start()
    {
        var page = Render<NewRunPage>();

        Eventually(() => Assert.Contains("Your role may look", page.Markup, StringComparison.Ordinal));
        Eventually(() => Assert.True(page.Find("button.start").HasAttribute("disabled")));
    }
}

public class NewRunPreviewTests : PageTest
{
    private readonly FakeTimeProvider clock;

    public NewRunPreviewTests()
        : this(new FakeTimeProvider())
    {
    }

    private NewRunPreviewTests(FakeTimeProvider clock)
        : base(time: clock) => this.clock = clock;

    [Fact]
    public void Every_change_is_previewed_after_a_short_rest()
    {
        Navigation.NavigateTo("/runs/new");
        var page = Render<NewRunPage>();
        page.WaitForElement("select#f-dataset option[value=digits]", Patience);
        Eventually(() => Assert.NotEmpty(Rested()));

        page.Find("#f-longTail-imbalanceFactor").Input("5");
        clock.Advance(TimeSpan.FromMilliseconds(100));
        page.Find("#f-longTail-imbalanceFactor").Input("50");
        Eventually(() => Assert.Equal("50", page.Find("#f-longTail-imbalanceFactor").GetAttribute("value")));

        Eventually(() => Assert.Equal(50, Rested()[^1].LongTail.ImbalanceFactor));
        Eventually(() => Assert.Contains("largest class", page.Find("aside").TextContent, StringComparison.Ordinal));
        Assert.DoesNotContain(Datasets.Previewed, s => s.LongTail.ImbalanceFactor == 5);
    }

    private List<RunSpec> Rested()
    {
        clock.Advance(TimeSpan.FromMilliseconds(250));
        return Datasets.Previewed;
    }
}
