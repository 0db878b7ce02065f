package workload

// words are 256 common English words of four letters each, one after the
// other. With the space before it each is one token in the vocabularies of
// GPT-2 to GPT-4o (r50k, p50k, cl100k, o200k), and in those of most models
// since; in the simulator, too.
//
// Note: fixed width keeps the list a constant that needs no table, makes a
// prompt's size known before it is written, and is near English's own bytes a
// token.
const words = "" +
	"thatwiththisfromhavetheyyourwerewillwhatwhenmoresomethenthemthanbeenintotimeonlyoveralsosuchlike" +
	"mostyearwelljustevenmuchworkbackmustlifeeachgoodverysamedownlongmanytakemadeknowheremakeusedboth" +
	"lastparthomeleftcomeneedhighwantdoesnextnamecityshowablehelpcallhandholdlinesideseenmeankindland" +
	"freefourfullareaheadtoldbestweekopendatalovebookfoodcasecaresureplayfiveoncelesslostplankeeplook" +
	"findfeelhalfhardlivenearrealpastrestrichriseroadrockroomrulesafesalesaveseatsellsendshipshopshot" +
	"signsitesizeskinslowsnowsoftsoilsoldsongsoonsortstarstaystepstopsuitswimtailtalktalltaskteamterm" +
	"testtextthintiedtilltinytonetooktooltourtowntreetriptruetuneturntypeunituponuservaryvastviewvote" +
	"wagewaitwalkwallwarmwashwaveweakwearwestwidewifewildwindwinewingwisewishwoodwordyardzeroarmyaway" +
	"babyballbandbankbasebathbearbeatbellbeltbillbirdblueboatbodybonebornbossbowlburnbushbusycalmcamp" +
	"cardcashcellchatclubcoalcoatcodecoldcookcoolcopecopycorecorncostcrewcropdarkdatedawndaysdealdear" +
	"debtdeepdeerdeskdietdishdoordosedrawdropdrugdualdustdutyearneast"

const (
	wordLetters = 4
	wordBytes   = 1 + wordLetters // with its space
)
